// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// Who applied a template, and what people said to its release, goes into the state.
func TestWhoSaidWhat(t *testing.T) {
	mux := among(t, nil, demoService, demoRoute, edgeGateway, ableClass, demoServes)
	at := time.Unix(1.8e9, 0).UTC()
	text := func(d *appsv1.Deployment) string {
		out, err := json.Marshal(d)
		require.NoError(t, err)
		return string(out)
	}
	_, begun := wrote(t, mux, "jane", demo("v1", ""), demo("v2", ""))
	log := state(t, begun).Log
	assert.Equal(t, rollout.Log{Began: at, By: "jane"}, log)

	dwelling := state(t, begun)
	dwelling.Phase, dwelling.Stage, dwelling.Canary = rollout.Stepping, rollout.StageDwell, rollout.Version{ReplicaSet: "demo-2", Hash: "2"}
	live := begun.DeepCopy()
	live.Annotations[rollout.StateAnnotation] = dwelling.String()
	dwelling.Render().Put(live)
	held := live.DeepCopy()
	stopped := dwelling
	stopped.Held = true
	held.Annotations[rollout.StateAnnotation] = stopped.String()
	stopped.Render().Put(held)

	for _, row := range []struct {
		name   string
		live   *appsv1.Deployment
		change func(*appsv1.Deployment)
		want   string // none where nothing was said
	}{
		{"a label", live, func(d *appsv1.Deployment) { d.Labels["team"] = "a" }, ""},
		{"rollback", live, func(d *appsv1.Deployment) { d.Annotations[rollout.ActionAnnotation] = "rollback" }, "rollback"},
		{"skip", live, func(d *appsv1.Deployment) { d.Annotations[rollout.ActionAnnotation] = "skip" }, "skip"},
		{"kubectl rollout pause", live, func(d *appsv1.Deployment) { d.Spec.Paused = true }, "pause"},
		{"kubectl rollout resume", held, func(d *appsv1.Deployment) { d.Spec.Paused = false }, "resume"},
		{"held, and left so", held, func(d *appsv1.Deployment) { d.Labels["team"] = "a" }, ""},
		{"the strategy is taken off", live, func(d *appsv1.Deployment) { d.Annotations[rollout.StrategyAnnotation] = rollout.Rolling }, "opt out"},
	} {
		t.Run(row.name, func(t *testing.T) {
			incoming := row.live.DeepCopy()
			row.change(incoming)
			answer, out := wrote(t, mux, "joe", text(row.live), text(incoming))
			require.True(t, answer.Allowed, answer.Result)
			var want []rollout.Word
			if row.want != "" {
				want = []rollout.Word{{Who: "joe", What: row.want, When: at}}
			}
			assert.Equal(t, want, state(t, out).Log.Told)
		})
	}

	third := live.DeepCopy()
	third.Spec.Template.Spec.Containers[0].Image += "-third"
	_, out := wrote(t, mux, "joe", text(live), text(third))
	again := state(t, out).Log
	assert.Equal(t, "joe", again.By)
	require.Len(t, again.Replaced, 1)
	assert.Equal(t, "jane", again.Replaced[0].Log.By)
	assert.Equal(t, dwelling.Canary, again.Replaced[0].Canary)
}

// The same of what changes in batches.
func TestWhoSaidWhatToBatches(t *testing.T) {
	at := time.Unix(1_800_000_000, 0).UTC()
	for _, kind := range []string{batch.StatefulSet, batch.DaemonSet} {
		t.Run(kind, func(t *testing.T) {
			b := batched{kind: kind, services: []corev1.Service{service("demo")}}
			live, _ := b.write(t, "jane", manifest(kind), manifest(kind, "demo:v1", next))
			_, begun := read(t, kind, live)
			assert.Equal(t, rollout.Log{Began: at, By: "jane"}, begun.Log)

			held, _ := b.write(t, "joe", live, strings.Replace(live, `"evenkeel.dev/steps"`, `"evenkeel.dev/action":"hold","evenkeel.dev/steps"`, 1))
			_, state := read(t, kind, held)
			assert.Equal(t, []rollout.Word{{Who: "joe", What: "hold", When: at}}, state.Log.Told)

			other, _ := b.write(t, "joe", live, strings.Replace(live, next, third, 1))
			_, again := read(t, kind, other)
			assert.Equal(t, "joe", again.Log.By)
			require.Len(t, again.Log.Replaced, 1)
			assert.Equal(t, "jane", again.Log.Replaced[0].Log.By)

			undone, _ := b.write(t, "joe", live, strings.Replace(live, next, "demo:v1", 1))
			_, back := read(t, kind, undone)
			assert.Equal(t, []rollout.Word{{Who: "joe", What: "undo", When: at}}, back.Log.Told)
		})
	}
}
