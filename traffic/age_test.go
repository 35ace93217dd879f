// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// aged makes a ReplicaSet's pod that has been ready for a while; never, where it is
// not ready.
func aged(t *testing.T, c client.Client, name string, of types.UID, age time.Duration) {
	t.Helper()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: "shop", Name: name,
		OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "any", UID: of, Controller: ptr.To(true)}},
	}}
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionFalse, LastTransitionTime: metav1.NewTime(morning.Add(-time.Hour))}}
	if age >= 0 {
		pod.Status.Conditions[0].Status, pod.Status.Conditions[0].LastTransitionTime = corev1.ConditionTrue, metav1.NewTime(morning.Add(-age))
	}
	require.NoError(t, c.Create(t.Context(), pod))
}

const never = time.Duration(-1)

// minReadySeconds of what the user wrote is how long the canary's pods are ready
// before they get traffic, as a rolling update's would be before old pods go.
func TestTheAgeOfTheCanarysPods(t *testing.T) {
	for name, row := range map[string]struct {
		minReady int32
		stage    rollout.Stage
		ready    int32
		ages     []time.Duration
		young    int32
		next     time.Duration
	}{
		"nobody asks for an age":           {0, rollout.StageScale, 1, []time.Duration{time.Second}, 0, 0},
		"too young":                        {10, rollout.StageScale, 1, []time.Duration{4 * time.Second}, 1, 6 * time.Second},
		"old enough":                       {10, rollout.StageScale, 1, []time.Duration{10 * time.Second}, 0, 10 * time.Second},
		"the first of two":                 {10, rollout.StageScale, 3, []time.Duration{time.Minute, time.Second, 3 * time.Second}, 2, 7 * time.Second},
		"one is not ready":                 {10, rollout.StageScale, 1, []time.Duration{never, 4 * time.Second}, 1, 6 * time.Second},
		"none is, and none counts":         {10, rollout.StageScale, 0, []time.Duration{never}, 0, 0},
		"the cache of pods is behind":      {10, rollout.StageScale, 2, []time.Duration{never, 10 * time.Second}, 1, 10 * time.Second},
		"it is behind with one that ended": {10, rollout.StageScale, 1, []time.Duration{time.Minute, time.Minute}, 0, 10 * time.Second},
		"traffic goes to it already":       {10, rollout.StageDwell, 1, []time.Duration{time.Second}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			state := ready()
			state.User, state.Stage = &rollout.Knobs{MinReadySeconds: row.minReady}, row.stage
			c := cluster(t, state, nothing)
			aged(t, c, "stranger", "of another", time.Second)
			for i, age := range row.ages {
				aged(t, c, "demo-2-"+string(rune('a'+i)), "canary", age)
			}
			r, w := reconciler(c, nil), &world{deployment: object(t, c)}
			w.snapshot.State, w.snapshot.Canary.Ready = state, row.ready
			require.NoError(t, r.observeAge(t.Context(), w, &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Name: "demo-2", UID: "canary"}}))
			assert.Equal(t, row.young, w.snapshot.Canary.Young)
			if row.next == 0 {
				assert.Zero(t, w.snapshot.Canary.Next)
				return
			}
			assert.Equal(t, morning.Add(row.next), w.snapshot.Canary.Next)
		})
	}
}

// A pod that is ready for a moment gets no weight, and the look at which it will
// have been for long enough comes by itself.
func TestNoWeightForAPodThatIsReadyForAMoment(t *testing.T) {
	state := ready()
	state.User, state.Wait = &rollout.Knobs{MinReadySeconds: 10}, "the canary's pods are ready"
	c := cluster(t, state, nothing)
	rs := &appsv1.ReplicaSet{}
	require.NoError(t, c.Get(t.Context(), client.ObjectKey{Namespace: "shop", Name: "demo-2"}, rs))
	rs.UID = "canary"
	require.NoError(t, c.Update(t.Context(), rs))
	aged(t, c, "demo-2-0", rs.UID, 4*time.Second)
	r := reconciler(c, events.NewFakeRecorder(10))
	now := morning
	r.now = func() time.Time { return now }

	look := func() (time.Duration, rollout.State) {
		result, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: types.NamespacedName{Namespace: "shop", Name: "demo"}})
		require.NoError(t, err)
		after, err := rollout.ParseState(object(t, c).Annotations[rollout.StateAnnotation])
		require.NoError(t, err)
		return result.RequeueAfter, after
	}
	after, seen := look()
	assert.Equal(t, 6*time.Second, after)
	assert.Equal(t, state, seen, "nothing is written")

	now = now.Add(after)
	_, seen = look()
	assert.Equal(t, rollout.StageShift, seen.Stage)
	assert.Equal(t, 50, seen.Weight)
}
