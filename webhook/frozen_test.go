// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// A state that nobody can read freezes the release: it leads nowhere but back.
func TestBatchesFrozen(t *testing.T) {
	for _, kind := range []string{batch.StatefulSet, batch.DaemonSet} {
		t.Run(kind, func(t *testing.T) {
			b := batched{kind: kind, services: []corev1.Service{service("demo")}, fresh: 2}
			live, _ := batched{kind: kind, services: b.services}.write(t, "team", manifest(kind), manifest(kind, "demo:v1", next))
			frozen := annotated(t, live, rollout.StateAnnotation, "{")

			out, response := b.write(t, "team", frozen, manifest(kind, "demo:v1", next, `"uid"`, `"labels":{"touched":"yes"},"uid"`))
			w, was := look(t, kind, out), look(t, kind, frozen)
			assert.Equal(t, "{", w.Metadata.Annotations[rollout.StateAnnotation])
			assert.Equal(t, map[string]string{"touched": "yes", rollout.InFlightLabel: "true"}, w.Metadata.Labels)
			assert.Equal(t, was.knobs, w.knobs, "the gate stays shut")
			assert.Equal(t, []string{"evenkeel: cannot read annotation evenkeel.dev/rollout: unexpected end of JSON input; it stays as it is until it goes back (annotation evenkeel.dev/action=rollback)"}, response.Warnings)

			for _, incoming := range []string{strings.Replace(frozen, next, third, 1), annotated(t, frozen, rollout.ActionAnnotation, "skip")} {
				_, response = b.write(t, "team", frozen, incoming)
				require.False(t, response.Allowed)
				assert.Contains(t, response.Result.Message, "evenkeel: its rollout is frozen: cannot read annotation evenkeel.dev/rollout: ")
				assert.Contains(t, response.Result.Message, "  kubectl annotate "+strings.ToLower(kind)+" -n shop demo evenkeel.dev/action=rollback")
			}

			back := annotated(t, frozen, rollout.ActionAnnotation, "rollback")
			out, _ = b.write(t, "team", frozen, back)
			w, state := read(t, kind, out)
			assert.Equal(t, batch.StageReturn, state.Stage, "whomever the Services lead to, they lead away from the new pods first")
			assert.Equal(t, batch.VersionOf(kind == batch.StatefulSet, "demo", b.hash("v1")), state.Stable, "also where most pods are new")
			assert.Equal(t, batch.VersionOf(kind == batch.StatefulSet, "demo", b.hash("v2")), state.Canary)
			assert.Equal(t, []string{"demo"}, state.Services)
			assert.True(t, batch.Render(state).ShownBy(w.knobs))
			assert.JSONEq(t, templateText("v2"), string(w.Spec.Template))
			assert.NotContains(t, w.Metadata.Annotations, rollout.ActionAnnotation)

			state.Stage, state.Serve = batch.StageRestore, batch.Old
			out, _ = b.write(t, self, out, carrying(t, out, state))
			w, _ = read(t, kind, out)
			assert.JSONEq(t, templateText("v1"), string(w.Spec.Template))
			ended, _ := b.write(t, self, out, carrying(t, out, batch.State{Phase: rollout.RolledBack}))
			w, _ = read(t, kind, ended)
			assert.True(t, w.knobs.Released().ShownBy(w.knobs), "no gate is left: %s", w.Spec.UpdateStrategy)

			all := b
			all.fresh = 3
			out, _ = all.write(t, "team", frozen, back)
			_, state = read(t, kind, out)
			assert.Equal(t, b.hash("v2"), state.Stable.Hash, "there is no other version")
			none := b
			none.unready = true
			_, response = none.write(t, "team", frozen, back)
			require.False(t, response.Allowed)
			assert.Equal(t, "evenkeel: it cannot go back by itself: no ready pod of it is of a ControllerRevision that is there", response.Result.Message)
		})
	}
}
