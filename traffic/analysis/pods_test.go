// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// started is when the containers of these pods did.
var started = time.Unix(1000, 0)

// pod is one that is ready, or stopped being so some time after its start.
func pod(unready time.Duration, restarts int32, last string) corev1.Pod {
	condition := corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(started.Add(time.Second))}
	if unready != 0 {
		condition.Status, condition.LastTransitionTime = corev1.ConditionFalse, metav1.NewTime(started.Add(unready))
	}
	status := corev1.ContainerStatus{RestartCount: restarts, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(started)}}}
	if last != "" {
		status.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{Reason: last}
	}
	return corev1.Pod{Status: corev1.PodStatus{Conditions: []corev1.PodCondition{condition}, ContainerStatuses: []corev1.ContainerStatus{status}}}
}

func TestHealth(t *testing.T) {
	going, sidecar, killed := pod(0, 5, ""), pod(0, 1, ""), pod(0, 0, "")
	going.DeletionTimestamp = &metav1.Time{Time: started}
	sidecar.Status.InitContainerStatuses = []corev1.ContainerStatus{{RestartCount: 2}}
	killed.Status.ContainerStatuses[0].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: outOfMemory}}
	for name, row := range map[string]struct {
		pods []corev1.Pod
		want Health
	}{
		"well":               {[]corev1.Pod{pod(0, 0, ""), pod(0, 0, "")}, Health{Pods: 2}},
		"restarts":           {[]corev1.Pod{pod(0, 2, "Error"), pod(0, 1, "")}, Health{Pods: 2, Restarts: 3}},
		"sidecars, too":      {[]corev1.Pod{sidecar}, Health{Pods: 1, Restarts: 3}},
		"out of memory":      {[]corev1.Pod{pod(0, 1, outOfMemory)}, Health{Pods: 1, Restarts: 1, OOMKilled: 1}},
		"out of memory, now": {[]corev1.Pod{killed}, Health{Pods: 1, OOMKilled: 1}},
		"not ready any more": {[]corev1.Pod{pod(time.Minute, 0, "")}, Health{Pods: 1, NotReady: 1}},
		"not ready yet":      {[]corev1.Pod{pod(-time.Second, 0, "")}, Health{Pods: 1}},
		"going":              {[]corev1.Pod{going}, Health{}},
	} {
		assert.Equal(t, row.want, HealthOf(row.pods, nil), name)
	}
}

// A pod that was ready at both looks, and not in between, is one that stopped.
func TestReadyAgain(t *testing.T) {
	// at gives a ready pod, which became so and whose container started so long
	// after the others' start.
	at := func(uid types.UID, ready, running time.Duration) corev1.Pod {
		p := pod(0, 0, "")
		p.UID, p.Status.Conditions[0].LastTransitionTime = uid, metav1.NewTime(started.Add(ready))
		p.Status.ContainerStatuses[0].State.Running.StartedAt = metav1.NewTime(started.Add(running))
		return p
	}
	unready := pod(time.Minute, 0, "")
	unready.UID = "a"
	for name, row := range map[string]struct {
		before, now []corev1.Pod
		want        int
	}{
		"the same":                         {[]corev1.Pod{at("a", time.Second, 0)}, []corev1.Pod{at("a", time.Second, 0)}, 0},
		"ready again":                      {[]corev1.Pod{at("a", time.Second, 0)}, []corev1.Pod{at("a", time.Minute, 0)}, 1},
		"one of two":                       {[]corev1.Pod{at("a", time.Second, 0), at("b", time.Second, 0)}, []corev1.Pod{at("a", time.Minute, 0), at("b", time.Second, 0)}, 1},
		"ready for the first time":         {[]corev1.Pod{at("a", time.Second, 0)}, []corev1.Pod{at("a", time.Second, 0), at("b", time.Minute, 0)}, 0},
		"there, and not ready before":      {[]corev1.Pod{unready}, []corev1.Pod{at("a", 2*time.Minute, 0)}, 0},
		"a restart, which is counted":      {[]corev1.Pod{at("a", time.Second, 0)}, []corev1.Pod{at("a", time.Minute, 50*time.Second)}, 0},
		"not ready now":                    {[]corev1.Pod{at("a", time.Second, 0)}, []corev1.Pod{unready}, 1},
		"another pod, under the same name": {[]corev1.Pod{at("a", time.Second, 0)}, []corev1.Pod{at("c", time.Minute, 0)}, 0},
	} {
		assert.Equal(t, row.want, HealthOf(row.now, ReadinessOf(row.before)).NotReady, name)
	}
	assert.Zero(t, HealthOf([]corev1.Pod{at("a", time.Minute, 0)}, nil).NotReady, "the first look compares with none")
}

func TestJudgePods(t *testing.T) {
	for name, row := range map[string]struct {
		limits  Pods
		canary  Health
		verdict rollout.Verdict
		says    string
	}{
		"well":      {Pods{}, Health{Pods: 2}, rollout.Passed, "the canary's 2 pods had 0 restarts, stable's 8 had 1"},
		"restarts":  {Pods{MaxRestarts: 1}, Health{Pods: 2, Restarts: 2}, rollout.Failed, "the canary's 2 pods had 2 restarts, stable's 8 had 1: restarts: 2, and may be 1"},
		"let pass":  {Pods{MaxRestarts: 2}, Health{Pods: 2, Restarts: 2}, rollout.Passed, "the canary's 2 pods had 2 restarts, stable's 8 had 1"},
		"no memory": {Pods{MaxRestarts: 2}, Health{Pods: 2, Restarts: 1, OOMKilled: 1}, rollout.Failed, "the canary's 2 pods had 1 restarts, stable's 8 had 1: containers out of memory: 1, and may be 0"},
		"fell out":  {Pods{}, Health{Pods: 2, NotReady: 1}, rollout.Failed, "the canary's 2 pods had 0 restarts, stable's 8 had 1: pods that stopped being ready: 1, and may be 0"},
		"no pods":   {Pods{}, Health{}, rollout.Inconclusive, "the canary has no pods"},
	} {
		verdict, says := Judge(Question{Spec: Spec{Pods: &row.limits}}, Reading{Pods: map[Version]Health{Canary: row.canary, Stable: {Pods: 8, Restarts: 1}}})
		assert.Equal(t, row.verdict, verdict, name)
		assert.Equal(t, row.says, says, name)
	}
}
