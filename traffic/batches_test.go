// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// Both kinds go the whole way, and half of it and back, through the controller.
func TestBatches(t *testing.T) {
	for kind, row := range map[string]struct {
		first string // the pods after the first batch
		tells []string
	}{
		"StatefulSet": {"112", []string{"RolloutStarted", "TrafficMoved", "BatchStarted", "TrafficMoved", "BatchReady", "RolloutWaiting"}},
		"DaemonSet":   {"211", []string{"RolloutStarted", "TrafficMoved", "BatchStarted", "PodDeleted", "TrafficMoved", "BatchReady", "RolloutWaiting"}},
	} {
		t.Run(kind, func(t *testing.T) {
			s := newStage(t, kind, "33%:pause,100%")
			state := s.untilAPerson()
			assert.Equal(t, row.first, s.pods())
			assert.Equal(t, map[string]string{"app": "demo", "controller-revision-hash": state.Canary.Hash}, s.service().Spec.Selector)
			assert.Equal(t, s.version("v2"), state.Canary)
			assert.Equal(t, row.tells, s.told())
			s.write(batch.Act(state, rollout.ActionContinue, s.now))
			assert.Equal(t, rollout.Completed, s.untilTheEnd())
			assert.Equal(t, "222", s.pods())
			assert.Equal(t, map[string]string{"app": "demo"}, s.service().Spec.Selector)
			assert.NotContains(t, s.service().Labels, rollout.InFlightLabel)
			assert.NotContains(t, s.object().GetLabels(), rollout.InFlightLabel)
		})
		t.Run(kind+" and back", func(t *testing.T) {
			s := newStage(t, kind, "33%:pause,100%")
			s.write(batch.Act(s.untilAPerson(), rollout.ActionRollback, s.now))
			assert.Equal(t, rollout.RolledBack, s.untilTheEnd())
			assert.Equal(t, "111", s.pods())
			assert.Equal(t, "v1", templateOf(s.object()).Spec.Containers[0].Image)
			assert.Equal(t, map[string]string{"app": "demo"}, s.service().Spec.Selector)
		})
		t.Run(kind+" restored by a person", func(t *testing.T) {
			t.Parallel() // it looks in real time
			s := newStage(t, kind, "33%:pause,100%")
			s.untilAPerson()
			ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
			defer stop()
			var said []string
			restore := &Restore{Client: s.client, Now: func() time.Time { s.stock(); s.now = s.now.Add(5 * time.Second); return s.now }, Tell: func(key client.ObjectKey, state rollout.State) {
				assert.Equal(t, demo.Namespace+"/"+kind+"/demo", key.String())
				said = append(said, string(state.Stage))
			}}
			require.NoError(t, restore.All(ctx, "", ""))
			assert.Equal(t, "111", s.pods())
			assert.Equal(t, rollout.RolledBack, s.state().Phase)
			assert.Subset(t, said, []string{"return", "restore", "widen"})
		})
		t.Run(kind+" deleted", func(t *testing.T) {
			s := newStage(t, kind, "33%:pause,100%")
			s.untilAPerson()
			require.NoError(t, s.client.Delete(t.Context(), s.object()))
			requests := s.b.holders(t.Context(), s.service())
			require.Equal(t, []reconcile.Request{{NamespacedName: demo}}, requests, "the Service names it")
			_, err := s.b.Reconcile(t.Context(), requests[0])
			require.NoError(t, err)
			assert.Equal(t, map[string]string{"app": "demo"}, s.service().Spec.Selector)
		})
	}
}

// A batch of either kind is guarded: it fails, and the release goes back, with the
// numbers in the Event and in the record.
func TestAGuardedBatchGoesBack(t *testing.T) {
	for _, kind := range batchKinds() {
		s := newStage(t, kind, "33%:1h,100%")
		state := s.state()
		state.Analyses = rollout.Evidence{{Name: "restarts", Interval: rollout.Duration(30 * time.Second)}}
		s.write(state, nil)
		seen := &witness{knows: map[string]rollout.Measurement{}}
		s.b.evidence = seen
		state = s.until(func(state batch.State) bool { return state.Stage == batch.StageDwell })
		s.told()
		seen.knows["restarts"] = rollout.Measurement{At: s.now.Add(time.Minute), Verdict: rollout.Failed, Says: "the canary's 1 pods had 3 restarts"}
		assert.Equal(t, rollout.RolledBack, s.untilTheEnd(), kind)
		assert.Equal(t, "111", s.pods(), kind)
		assert.Equal(t, `analysis "restarts" failed 1 times in a step, and may 0 times: the canary's 1 pods had 3 restarts`, s.state().Reason)
		assert.Contains(t, s.told(), "AnalysisFailed")
		assert.Equal(t, 33, questioned(state).Weight)
		assert.Zero(t, questioned(s.state()).Weight)
	}
}

// A state that nobody can read is told, and nothing moves; the state of a way back,
// as admission makes it then, leads back from there.
func TestAFrozenReleaseInBatches(t *testing.T) {
	for _, kind := range []string{"StatefulSet", "DaemonSet"} {
		t.Run(kind, func(t *testing.T) {
			s := newStage(t, kind, "67%:pause,100%")
			lost := s.untilAPerson()
			pods, selector := s.pods(), s.service().Spec.Selector
			s.told()
			object := s.object()
			object.GetAnnotations()[rollout.StateAnnotation] = "{"
			require.NoError(t, s.client.Update(t.Context(), object))
			result, err := s.b.Reconcile(t.Context(), reconcile.Request{NamespacedName: demo})
			require.NoError(t, err)
			assert.Zero(t, result, "trying again would mend nothing")
			assert.Equal(t, []string{"RolloutFrozen"}, s.told())
			assert.Equal(t, pods, s.pods())
			assert.Equal(t, selector, s.service().Spec.Selector)

			user := lost.User.Released()
			anew := batch.Begin(batch.State{Steps: lost.Steps, Stable: lost.Stable, User: &user, Services: lost.Services, Timing: lost.Timing}, s.now)
			anew.Serve = batch.New // its canary is not always known
			s.write(batch.RollBack(anew, "a person asked", s.now), nil)
			assert.Equal(t, rollout.RolledBack, s.untilTheEnd())
			assert.Equal(t, "111", s.pods())
			assert.Equal(t, map[string]string{"app": "demo"}, s.service().Spec.Selector)
		})
	}
}

// A rollout that has turned back, unseen yet by the cache, takes no pod.
func TestTakeLooksPastTheCache(t *testing.T) {
	s := newStage(t, "DaemonSet", "33%:pause,100%")
	s.until(func(state batch.State) bool { return state.Stage == batch.StageBatch })
	w, err := s.b.observe(t.Context(), s.object())
	require.NoError(t, err)
	pods := batch.Decide(w.snapshot, s.now).Delete
	require.NotEmpty(t, pods)
	s.write(batch.Act(s.state(), batch.ActionHold, s.now))
	taken, err := s.b.take(t.Context(), w, pods)
	require.NoError(t, err)
	assert.False(t, taken)
	assert.Equal(t, "111", s.pods())
}

// A pod is available when it has been ready for long enough, and that is looked
// at when it is due.
func TestAPodsAge(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	w := &batchWorld{knobs: batch.Knobs{StatefulSet: &appsv1.StatefulSetUpdateStrategy{}}, first: 5, minReady: 10 * time.Second}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "demo-web-7"}}
	assert.Equal(t, batch.Pod{Name: "demo-web-7", Ordinal: 2}, w.pod(pod, now))
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(now.Add(-7 * time.Second))}}
	assert.Equal(t, batch.Pod{Name: "demo-web-7", Ordinal: 2, Ready: true}, w.pod(pod, now))
	assert.Equal(t, 3*time.Second, w.soon)
	assert.True(t, w.pod(pod, now.Add(3*time.Second)).Available)
}

// Of two rollouts on one Service the second leaves it as the first has it.
func TestBatchesLeaveAnothersService(t *testing.T) {
	s := newStage(t, "DaemonSet", "33%:pause,100%")
	others := route.Narrow{Workload: "DaemonSet/other", Hash: "9"}
	require.NoError(t, s.b.annotateService(t.Context(), s.service(), others))
	state := s.until(func(state batch.State) bool {
		return state.Phase == rollout.Preparing && state.Wait != "" && state.Canary.Hash != ""
	})
	state = s.until(func(now batch.State) bool { return now.Wait != state.Wait })
	assert.Equal(t, `Service "demo" is free: the rollout of DaemonSet "other" has it`, state.Wait)
	assert.Equal(t, rollout.RolledBack, s.untilTheEnd())
	assert.Equal(t, "9", s.service().Spec.Selector["controller-revision-hash"])
	assert.Equal(t, "111", s.pods())
}
