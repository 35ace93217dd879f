// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// crashes is the status of a pod that does.
func crashes(pod *corev1.Pod) {
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionFalse}}
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: "app", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}},
		LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error"}},
	}}
}

const crash = `container "app" of pod "demo-2-a" crashes (CrashLoopBackOff), the last time with exit code 1`

// lateCluster has a canary whose pods are not ready at its deadline.
func lateCluster(t *testing.T) client.Client {
	t.Helper()
	state := ready()
	state.Since, state.Wait = morning.Add(-2*time.Hour), "the canary's pods are ready"
	c := cluster(t, state, nothing)
	rs := &appsv1.ReplicaSet{}
	require.NoError(t, c.Get(t.Context(), client.ObjectKey{Namespace: "shop", Name: "demo-2"}, rs))
	rs.Status.ReadyReplicas = 0
	require.NoError(t, c.Status().Update(t.Context(), rs))
	return c
}

// sick makes a pod with a version's label that crashes.
func sick(t *testing.T, c client.Client, name, owner string) {
	t.Helper()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: "shop", Name: name, Labels: map[string]string{appsv1.DefaultDeploymentUniqueLabelKey: "2"},
		OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: owner, UID: "x", Controller: ptr.To(true)}},
	}}
	crashes(pod)
	require.NoError(t, c.Create(t.Context(), pod))
}

// Whoever reads why a release went back reads what is wrong with its pods.
func TestWhatIsWrongStandsInTheReason(t *testing.T) {
	c, told := lateCluster(t), events.NewFakeRecorder(10)
	sick(t, c, "demo-2-a", "demo-2")
	sick(t, c, "a-stranger", "another-2")
	_, err := reconciler(c, told).Reconcile(t.Context(), reconcile.Request{NamespacedName: demo})
	require.NoError(t, err)
	state, err := rollout.ParseState(object(t, c).Annotations[rollout.StateAnnotation])
	require.NoError(t, err)
	assert.Equal(t, rollout.RollingBack, state.Phase)
	assert.Equal(t, "waited 1h for this to happen: the canary's pods are ready; "+crash, state.Reason)
	assert.Contains(t, <-told.Events, "Warning RolloutRollingBack going back to demo-1: "+state.Reason)
}

// unreadable is an API server that does not list pods, or not soon.
type unreadable struct {
	client.Reader
	never bool
}

func (u unreadable) List(ctx context.Context, _ client.ObjectList, _ ...client.ListOption) error {
	if u.never {
		<-ctx.Done()
		return ctx.Err()
	}
	return errors.New("forbidden")
}

// Going back does not wait for its reason.
func TestWhatIsWrongCannotBeRead(t *testing.T) {
	for name, live := range map[string]unreadable{"refused": {}, "without an answer": {never: true}} {
		t.Run(name, func(t *testing.T) {
			c := lateCluster(t)
			r := reconciler(c, events.NewFakeRecorder(10))
			r.live = live
			_, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: demo})
			require.NoError(t, err)
			state, err := rollout.ParseState(object(t, c).Annotations[rollout.StateAnnotation])
			require.NoError(t, err)
			assert.Equal(t, rollout.RollingBack, state.Phase)
			assert.Equal(t, "waited 1h for this to happen: the canary's pods are ready", state.Reason)
		})
	}
}

// Of batches it is the same, of either kind.
func TestWhatIsWrongWithABatch(t *testing.T) {
	for _, kind := range batchKinds() {
		t.Run(kind, func(t *testing.T) {
			s := newStage(t, kind, "33%:1h,100%")
			state := s.until(func(state batch.State) bool { return state.Stage == batch.StageDwell })
			var pods corev1.PodList
			require.NoError(t, s.client.List(t.Context(), &pods, client.MatchingLabels{appsv1.ControllerRevisionHashLabelKey: state.Canary.Hash}))
			require.Len(t, pods.Items, 1)
			crashes(&pods.Items[0])
			require.NoError(t, s.client.Status().Update(t.Context(), &pods.Items[0]))
			assert.Equal(t, rollout.RolledBack, s.untilTheEnd())
			assert.Contains(t, s.state().Reason, `; container "app" of pod "`+pods.Items[0].Name+`" crashes (CrashLoopBackOff), the last time with exit code 1`)
		})
	}
}
