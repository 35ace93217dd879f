// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// unwell makes one that is not ready and as the changes say.
func unwell(name string, changes ...func(*corev1.Pod)) *corev1.Pod {
	controls := true
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, OwnerReferences: []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "demo-2", Controller: &controls}}}, Status: corev1.PodStatus{
		Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionFalse}},
	}}
	for _, change := range changes {
		change(p)
	}
	return p
}

func waits(reason, message string) corev1.ContainerState {
	return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
}

func ends(code int32, reason string) corev1.ContainerState {
	return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Reason: reason, Message: "password=hunter2"}}
}

var runs = corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}

// app is the status of the pod's container.
func app(state, last corev1.ContainerState, ready bool) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{Name: "app", State: state, LastTerminationState: last, Ready: ready})
	}
}

func initial(state corev1.ContainerState) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Status.InitContainerStatuses = append(p.Status.InitContainerStatuses, corev1.ContainerStatus{Name: "migrate", State: state})
	}
}

func isReady(p *corev1.Pod) { p.Status.Conditions[0].Status = corev1.ConditionTrue }

func isGoing(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)} }

func conditionIs(kind corev1.PodConditionType, reason, message string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Status.Conditions = append([]corev1.PodCondition{{Type: kind, Status: corev1.ConditionFalse, Reason: reason, Message: message}}, p.Status.Conditions...)
	}
}

func failed(p *corev1.Pod) {
	p.Status.Phase, p.Status.Reason, p.Status.Message = corev1.PodFailed, "Evicted", "The node was low on resource: memory."
}

func TestOf(t *testing.T) {
	none := corev1.ContainerState{}
	for name, row := range map[string]struct {
		pods []*corev1.Pod
		want string
	}{
		"no pods":      {nil, ""},
		"all is well":  {[]*corev1.Pod{unwell("a", app(runs, none, true), isReady)}, ""},
		"well by now":  {[]*corev1.Pod{unwell("a", app(runs, ends(1, "Error"), true), isReady)}, ""},
		"it is going":  {[]*corev1.Pod{unwell("a", app(ends(1, "Error"), none, false), isGoing)}, ""},
		"it crashes":   {[]*corev1.Pod{unwell("a", app(waits(crashing, "back-off 40s restarting failed container"), ends(1, "Error"), false))}, `container "app" of pod "a" crashes (CrashLoopBackOff), the last time with exit code 1`},
		"for its size": {[]*corev1.Pod{unwell("a", app(waits(crashing, ""), ends(137, "OOMKilled"), false))}, `container "app" of pod "a" crashes (CrashLoopBackOff), the last time with exit code 137 (OOMKilled)`},
		"no image": {
			[]*corev1.Pod{unwell("a", app(waits("ImagePullBackOff", "Back-off pulling image \"demo:v9\":\nnot found"), none, false))},
			`container "app" of pod "a" does not start (ImagePullBackOff): Back-off pulling image "demo:v9": not found`,
		},
		"no Secret":           {[]*corev1.Pod{unwell("a", app(waits("CreateContainerConfigError", `secret "db" not found`), none, false))}, `container "app" of pod "a" does not start (CreateContainerConfigError): secret "db" not found`},
		"it ended":            {[]*corev1.Pod{unwell("a", app(ends(2, "Error"), none, false))}, `container "app" of pod "a" ended with exit code 2`},
		"it began again":      {[]*corev1.Pod{unwell("a", app(runs, ends(137, "OOMKilled"), false))}, `container "app" of pod "a" ended with exit code 137 (OOMKilled)`},
		"it ended in peace":   {[]*corev1.Pod{unwell("a", app(runs, ends(0, "Completed"), false))}, `container "app" of pod "a" ended with exit code 0`},
		"it only runs":        {[]*corev1.Pod{unwell("a", initial(ends(0, "Completed")), app(runs, none, false))}, `container "app" of pod "a" runs, and is not ready`},
		"before it":           {[]*corev1.Pod{unwell("a", initial(waits(crashing, "")), app(waits("PodInitializing", ""), none, false))}, `container "migrate" of pod "a" does not start (CrashLoopBackOff)`},
		"no node":             {[]*corev1.Pod{unwell("a", conditionIs(corev1.PodScheduled, "Unschedulable", "0/3 nodes are available: 3 Insufficient cpu."))}, `pod "a" finds no node (Unschedulable): 0/3 nodes are available: 3 Insufficient cpu.`},
		"evicted":             {[]*corev1.Pod{unwell("a", failed)}, `pod "a" failed (Evicted): The node was low on resource: memory.`},
		"no volume":           {[]*corev1.Pod{unwell("a", app(waits("ContainerCreating", ""), none, false))}, `pod "a" is being set up`},
		"nothing is known":    {[]*corev1.Pod{unwell("a")}, `pod "a" is being set up`},
		"a gate":              {[]*corev1.Pod{unwell("a", app(runs, none, true), func(p *corev1.Pod) { p.Status.Conditions[0].Reason = "ReadinessGatesNotReady" })}, `the containers of pod "a" are ready, and it is not (ReadinessGatesNotReady)`},
		"a node that is gone": {[]*corev1.Pod{unwell("a", func(p *corev1.Pod) { p.Status.Conditions = nil })}, `pod "a" is being set up`},
		"the worst of them": {
			[]*corev1.Pod{unwell("c", app(waits(crashing, ""), ends(1, ""), false)), unwell("b", app(runs, none, false)), unwell("d", app(runs, none, true), isReady), unwell("a")},
			`container "app" of pod "c" crashes (CrashLoopBackOff), the last time with exit code 1; 3 of 4 pods are not ready`,
		},
		"the first of alike ones": {[]*corev1.Pod{unwell("b", app(runs, none, false)), unwell("a", app(runs, none, false))}, `container "app" of pod "a" runs, and is not ready; 2 of 2 pods are not ready`},
		"others' pods": {
			[]*corev1.Pod{
				unwell("a", func(p *corev1.Pod) { p.OwnerReferences[0].Name = "demo-1" }), unwell("b", func(p *corev1.Pod) { p.OwnerReferences[0].Kind = "Job" }),
				unwell("c", func(p *corev1.Pod) { p.OwnerReferences = nil }), unwell("d", app(runs, none, false)),
			},
			`container "app" of pod "d" runs, and is not ready`,
		},
		"a long story": {
			[]*corev1.Pod{unwell("a", app(waits("ErrImagePull", strings.Repeat("ü", 300)), none, false))},
			`container "app" of pod "a" does not start (ErrImagePull): ` + strings.Repeat("ü", maxMessage-1) + "…",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := Of(row.pods, "ReplicaSet", "demo-2")
			assert.Equal(t, row.want, got)
			assert.NotContains(t, got, "hunter2", "what a container wrote is not told")
		})
	}
}

// The pods are the caller's: they stay in their order.
func TestOfChangesNothing(t *testing.T) {
	pods := []*corev1.Pod{unwell("b"), unwell("a")}
	assert.NotEmpty(t, Of(pods, "ReplicaSet", "demo-2"))
	assert.Equal(t, []string{"b", "a"}, []string{pods[0].Name, pods[1].Name})
}
