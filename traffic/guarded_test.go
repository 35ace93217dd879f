// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"context"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/guard"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

const policyHead = "apiVersion: policy.evenkeel.dev/v1alpha1\nkind: RolloutPolicy\n"

// railsOf are the rails of a policy.
func railsOf(t *testing.T, c client.Client, text string, told events.EventRecorder) *guard.Rails {
	t.Helper()
	store := config.NewStore()
	require.NoError(t, store.Offer([]byte(policyHead+text)))
	counts, err := guard.NewMetrics(prometheus.NewRegistry())
	require.NoError(t, err)
	return guard.New(c, store, told, counts)
}

// shut are Deployments whose canaries, of pods alone, wait for their gates, each
// for a minute longer than the next.
func shut(t *testing.T, names ...string) client.Client {
	t.Helper()
	var objects []client.Object
	for i, name := range names {
		template := corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "demo:v2"}}}}
		state := rollout.Begin(rollout.State{
			Strategy: rollout.Canary, Steps: "50%:pause,100%", Stable: rollout.Version{ReplicaSet: name + "-1", Hash: "1"}, User: &rollout.Knobs{},
			Timing: rollout.Timing{StepDeadline: rollout.Duration(time.Minute)},
		}, morning.Add(time.Duration(i)*time.Minute))
		d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID(name)}, Spec: appsv1.DeploymentSpec{Replicas: ptr.To[int32](2), Template: template}}
		d.Annotations, d.Labels = map[string]string{rollout.StateAnnotation: state.String()}, map[string]string{rollout.InFlightLabel: "true"}
		state.Render().Put(d)
		objects = append(objects, d)
	}
	return fake.NewClientBuilder().WithScheme(scheme.Scheme).WithInterceptorFuncs(interceptor.Funcs{Patch: admits}).WithObjects(objects...).Build()
}

// admits is admission of a Deployment's write: it renders what the state says.
func admits(ctx context.Context, c client.WithWatch, object client.Object, patch client.Patch, options ...client.PatchOption) error {
	if err := c.Patch(ctx, object, patch, options...); err != nil {
		return err
	}
	var d appsv1.Deployment
	if err := c.Get(ctx, client.ObjectKeyFromObject(object), &d); err != nil {
		return client.IgnoreNotFound(err)
	}
	state, err := rollout.ParseState(d.Annotations[rollout.StateAnnotation])
	if err != nil || !state.InFlight() {
		return err
	}
	state.Render().Put(&d)
	return c.Update(ctx, &d)
}

func stateOf(t *testing.T, c client.Client, name string) (*appsv1.Deployment, rollout.State) {
	t.Helper()
	var d appsv1.Deployment
	require.NoError(t, c.Get(t.Context(), types.NamespacedName{Namespace: "shop", Name: name}, &d))
	state, err := rollout.ParseState(d.Annotations[rollout.StateAnnotation])
	require.NoError(t, err)
	return &d, state
}

// Of three releases that a budget lets go one at a time, the one that has waited
// longest goes first, and no wait is so long that it goes back.
func TestABudgetOfOne(t *testing.T) {
	names := []string{"c-oldest", "b-second", "a-youngest"}
	c, told := shut(t, names...), events.NewFakeRecorder(100)
	now := morning.Add(time.Hour)
	r := &Reconciler{client: c, record: recorder{events: told}, guard: railsOf(t, c, "budget: {cluster: 1}", told), now: func() time.Time { return now }}
	looks := func() {
		for range 4 {
			for _, name := range []string{"a-youngest", "b-second", "c-oldest"} {
				result, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: types.NamespacedName{Namespace: "shop", Name: name}})
				require.NoError(t, err)
				if _, state := stateOf(t, c, name); state.Closed {
					assert.Equal(t, time.Minute, result.RequeueAfter)
				}
			}
		}
	}
	for turn, first := range names {
		looks()
		now = now.Add(time.Hour)
		for i, name := range names {
			d, state := stateOf(t, c, name)
			switch {
			case i < turn:
				assert.Equal(t, rollout.Completed, state.Phase, name)
			case name == first:
				assert.Equal(t, rollout.Stepping, state.Phase, "%s has its turn", name)
				state.Phase = rollout.Completed
				require.NoError(t, r.annotate(t.Context(), d, rollout.StateAnnotation, state.String(), false))
			default:
				assert.Equal(t, []any{rollout.Preparing, "a place for releases in the cluster is free (budget.cluster: 1)"}, []any{state.Phase, state.Wait}, name)
			}
		}
	}
}

// A closed window holds the gate over any deadline, and an emergency opens it,
// which is told.
func TestAWindowAndAnEmergency(t *testing.T) {
	c, told := shut(t, "demo"), events.NewFakeRecorder(100)
	now := morning
	r := &Reconciler{client: c, record: recorder{events: told}, now: func() time.Time { return now }}
	r.guard = railsOf(t, c, `defaults: {rollout: {windows: [{cron: "0 22 * * *", duration: 1h}]}}`, told)
	look := func() rollout.State {
		for range 4 {
			_, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: demo})
			require.NoError(t, err)
			now = now.Add(time.Hour)
		}
		_, state := stateOf(t, c, "demo")
		return state
	}
	assert.Equal(t, "the release window opens (Thu 2026-01-01 22:00 UTC)", look().Wait)
	d, state := stateOf(t, c, "demo")
	state.OverrideBy = "jane@example.com"
	d.Annotations[rollout.StateAnnotation] = state.String()
	d.Annotations[policy.OverrideAnnotation] = "checks=window; until=2026-01-01T18:00:00Z; reason=INC-1234"
	require.NoError(t, c.Update(t.Context(), d))
	now = morning.Add(4 * time.Hour)
	for range 3 {
		_, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: demo})
		require.NoError(t, err)
	}
	_, state = stateOf(t, c, "demo")
	assert.Equal(t, rollout.Stepping, state.Phase)
	var said []string
	for len(told.Events) > 0 {
		said = append(said, <-told.Events)
	}
	assert.Contains(t, said, "Normal RolloutWaiting Preparing until the release window opens (Thu 2026-01-01 22:00 UTC)")
	assert.Contains(t, said, "Warning GuardOverridden window overridden until 2026-01-01T18:00:00Z: INC-1234 (by: jane@example.com)")
}

// Batches of a StatefulSet count, too.
func TestBatchesNeedAPlace(t *testing.T) {
	s := newStage(t, "StatefulSet", "33%:pause,100%")
	rails := railsOf(t, s.client, "budget: {namespace: 1}", s.events)
	s.b.guard = rails
	other := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "other"}}
	_, err := rails.Look(t.Context(), other, guard.At("Deployment", client.ObjectKeyFromObject(other)), guard.Flight{Phase: rollout.Stepping}, s.now)
	require.NoError(t, err)
	const full = `a place for releases in namespace "shop" is free (budget.namespace: 1)`
	s.until(func(state batch.State) bool { return state.Wait == full })
	assert.Equal(t, "111", s.pods())
	rails.Left(guard.At("Deployment", client.ObjectKeyFromObject(other)))
	s.untilAPerson()
	assert.Equal(t, "112", s.pods())
}
