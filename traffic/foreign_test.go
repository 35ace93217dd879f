// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
	"github.com/evenkeel-dev/evenkeel/traffic/route/kinds"
)

var demoCanary = client.ObjectKey{Namespace: "shop", Name: "demo-canary"}

// A Service that somebody else gave the canary's name is said before anything moves,
// is left alone, and keeps no rollout from its end.
func TestAForeignCanaryService(t *testing.T) {
	in := func(phase rollout.Phase, stage rollout.Stage) rollout.State {
		state := ready()
		state.Phase, state.Stage, state.Wait = phase, stage, "something else"
		if stage == rollout.StageWiden {
			state.Routes = nil // nobody is there to accept it
		}
		return state
	}
	const wait = `Service "demo-canary" is out of the way: it exists and is not Evenkeel's`
	for name, row := range map[string]struct {
		state rollout.State
		wait  string
		phase rollout.Phase
	}{
		"before it starts":  {in(rollout.Preparing, rollout.StagePrepare), wait, rollout.Preparing},
		"in a step":         {in(rollout.Stepping, rollout.StageScale), wait, rollout.Stepping},
		"at the end":        {in(rollout.Promoting, rollout.StageWiden), "", rollout.Completed},
		"at the way back's": {in(rollout.RollingBack, rollout.StageWiden), "", rollout.RolledBack},
	} {
		t.Run(name, func(t *testing.T) {
			c := cluster(t, row.state, func(client.Object) error { return nil })
			var foreign corev1.Service
			require.NoError(t, c.Get(t.Context(), demoCanary, &foreign))
			foreign.OwnerReferences = nil
			require.NoError(t, c.Update(t.Context(), &foreign))
			var user corev1.Service
			require.NoError(t, c.Get(t.Context(), demo, &user))
			if row.wait == "" {
				user.Annotations, user.Spec.Selector = nil, map[string]string{"app": "demo"}
				require.NoError(t, c.Update(t.Context(), &user))
			}
			_, err := reconciler(c, events.NewFakeRecorder(10)).Reconcile(t.Context(), reconcile.Request{NamespacedName: demo})
			require.NoError(t, err)
			_, state := stateOf(t, c, "demo")
			assert.Equal(t, []any{row.phase, row.wait}, []any{state.Phase, state.Wait})
			var after corev1.Service
			require.NoError(t, c.Get(t.Context(), demoCanary, &after))
			assert.Equal(t, foreign.ResourceVersion, after.ResourceVersion)
		})
	}
}

// withMatch is a cluster whose canary gets a group of requests by a route beside the
// user's, of whose name somebody else has one.
func withMatch(t *testing.T) client.Client {
	t.Helper()
	state := ready()
	state.Stage, state.Weight, state.Exposed, state.Match, state.Wait = rollout.StageShift, 50, true, "header:a=b", "something else"
	c := cluster(t, state, func(client.Object) error { return nil })
	foreign := kinds.Blank(route.HTTPRoute)
	foreign.SetNamespace("shop")
	foreign.SetName("demo-canary")
	require.NoError(t, c.Create(t.Context(), foreign))
	return c
}

// A route that somebody else made where one of ours is to be is waited for, and left.
func TestAForeignSibling(t *testing.T) {
	c, told := withMatch(t), events.NewFakeRecorder(10)
	_, err := reconciler(c, told).Reconcile(t.Context(), reconcile.Request{NamespacedName: demo})
	require.NoError(t, err)
	assert.Equal(t, `Warning RolloutWaiting step 1 of 2 (50%:1m) until HTTPRoute "demo-canary" is out of the way: it exists and is not Evenkeel's`, <-told.Events)
	after := kinds.Blank(route.HTTPRoute)
	require.NoError(t, c.Get(t.Context(), demoCanary, after))
	assert.Empty(t, after.GetOwnerReferences())
	d, _ := stateOf(t, c, "demo")
	assert.True(t, concerns(d, after), "its deletion is looked at")
	after.SetName("web-demo-canary")
	assert.True(t, concerns(d, after))
	after.SetName("other-canary")
	assert.False(t, concerns(d, after))
}

// The owner of a route that is divided by hand is told the same, once a minute.
func TestAForeignSiblingByHand(t *testing.T) {
	c, told := withMatch(t), events.NewFakeRecorder(10)
	seen := kinds.Blank(route.HTTPRoute)
	require.NoError(t, c.Get(t.Context(), demo, seen))
	split := route.Split{Namespace: "shop"}.With(route.Share{Service: "demo", Canary: "demo-canary", Weight: 5, Match: "header:a=b"})
	seen.SetAnnotations(map[string]string{route.SplitAnnotation: split.String()})
	require.NoError(t, c.Update(t.Context(), seen))
	result, err := byHand{Reconciler: reconciler(c, told), kind: route.HTTPRoute}.Reconcile(t.Context(), reconcile.Request{NamespacedName: demo})
	require.NoError(t, err)
	assert.Equal(t, handRetry, result.RequeueAfter)
	assert.Equal(t, `Warning RouteBlocked HTTPRoute "demo-canary" exists and is not Evenkeel's, and what stands beside this route would have its name: rename or delete it`, <-told.Events)
}
