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
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// marked is a Deployment with the label of what is in flight, and perhaps a state.
func marked(state string) *appsv1.Deployment {
	d := &appsv1.Deployment{}
	d.Name, d.Namespace, d.Labels = "demo", "shop", map[string]string{rollout.InFlightLabel: "true"}
	if state != "" {
		d.Annotations = map[string]string{rollout.StateAnnotation: state}
	}
	return d
}

// What nobody can take back is said at once, with what to type, and is no success.
func TestRestoreSaysWhatNobodyCanTakeBack(t *testing.T) {
	const prefix = "cannot restore Deployment shop/demo: a person has to, since "
	const gone = prefix + `ReplicaSet "demo-abc", to whose template it goes back, was deleted. `
	const clear = `Take it back as docs/runbook.md says under "Going back by hand", and then type:
  kubectl label -n shop deployment/demo evenkeel.dev/in-flight-`
	const thaw = `Where no manager runs, take it back as docs/runbook.md says under "Going back by hand"; where one does, type:
  kubectl annotate -n shop deployment/demo evenkeel.dev/action=rollback`
	at := func(phase rollout.Phase, stage rollout.Stage) string {
		return rollout.State{Phase: phase, Stage: stage, Steps: "50%:pause,100%", Stable: rollout.Version{ReplicaSet: "demo-abc", Hash: "abc"}, User: &rollout.Knobs{}}.String()
	}
	for name, row := range map[string]struct{ state, says string }{
		"no state":         {"", prefix + "nobody knows what is its own: it has the label evenkeel.dev/in-flight and no annotation evenkeel.dev/rollout. " + clear},
		"unreadable":       {"{", prefix + "nobody knows what is its own: cannot read annotation evenkeel.dev/rollout: unexpected end of JSON input. " + thaw},
		"in a step":        {at(rollout.Stepping, rollout.StageDwell), gone + "Go on to the new version, and restore again when that has ended:\n  kubectl annotate -n shop deployment/demo evenkeel.dev/action=skip"},
		"being promoted":   {at(rollout.Promoting, rollout.StageDrain), gone + "It goes on to the new version by itself; restore again when this ends:\n  kubectl rollout status -n shop deployment/demo"},
		"a rolling update": {at(rollout.Stepping, rollout.StageRoll), gone + "It goes on to the new version by itself; restore again when this ends:\n  kubectl rollout status -n shop deployment/demo"},
		"going back": {at(rollout.RollingBack, rollout.StageWithdraw), gone + `Take it back as docs/runbook.md says under "Out of the way" and "Going back by hand"; its own values are under "user" in:` +
			"\n  kubectl get -n shop deployment/demo -o jsonpath='{.metadata.annotations.evenkeel\\.dev/rollout}'"},
		"over, and only marked": {at(rollout.Completed, ""), ""},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			c := fake.NewClientBuilder().WithObjects(marked(row.state)).Build()
			err := (&Restore{Client: c, Kinds: []route.Kind{}}).All(ctx, "", "")
			if row.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, ErrUnable)
			assert.EqualError(t, err, row.says)
			var left appsv1.Deployment
			require.NoError(t, c.Get(t.Context(), client.ObjectKey{Namespace: "shop", Name: "demo"}, &left))
			assert.Equal(t, marked(row.state).Annotations, left.Annotations, "nothing was touched")
		})
	}
}
