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
