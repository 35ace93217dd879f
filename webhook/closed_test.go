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

	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// The clock of these tests stands at 2027-01-15T08:00:00Z.
const (
	closedPolicy = `apiVersion: policy.evenkeel.dev/v1alpha1
kind: RolloutPolicy
defaults:
  checks: {default: Off, release-window: Enforce}
  rollout: {minStep: 5m, windows: [{cron: "0 22 * * *", duration: 1h}]}
`
	opensAt   = "the release window opens (Fri 2027-01-15 22:00 UTC)"
	emergency = `override="checks=window; until=2027-01-15T09:00:00Z; reason=WHY"`
	override  = `"evenkeel.dev/override":"checks=window; until=2027-01-15T12:00:00Z; reason=INC-1234",`
)

func closedStore(t *testing.T) *config.Store {
	t.Helper()
	store := config.NewStore()
	require.NoError(t, store.Offer([]byte(closedPolicy)))
	return store
}

func asJSON(t *testing.T, d *appsv1.Deployment) string {
	t.Helper()
	text, err := json.Marshal(d)
	require.NoError(t, err)
	return string(text)
}

// overridden is a Deployment with an emergency's annotation.
func overridden(object string) string {
	return strings.Replace(object, `"annotations":{`, `"annotations":{`+override, 1)
}

// A release with a gate starts at any time, and says what it waits for; skip does
// not go past it. An emergency does, and the state says whose it is.
func TestAReleaseOutsideTheWindow(t *testing.T) {
	mux := under(t, closedStore(t), nil, demoService, demoRoute, edgeGateway, ableClass, demoServes)
	answer, d := wrote(t, mux, "team", demo("v1", ""), demo("v2", ""))
	require.True(t, answer.Allowed, answer.Result)
	assert.Equal(t, rollout.Preparing, state(t, d).Phase)
	assert.Equal(t, 5*time.Minute, time.Duration(state(t, d).Timing.MinStep))
	assert.Subset(t, answer.Warnings, []string{
		"evenkeel: its gate stays shut until " + opensAt, "evenkeel: in an emergency type: kubectl annotate deployment -n shop demo --overwrite evenkeel.dev/" + emergency,
	})

	answer, d = wrote(t, mux, "team", demo("v1", ""), overridden(demo("v2", "")))
	require.True(t, answer.Allowed, answer.Result)
	assert.Equal(t, "team", state(t, d).OverrideBy)
	assert.Contains(t, answer.Warnings, "evenkeel: the override lets it go forward, which else would wait until "+opensAt)
	assert.Contains(t, answer.Warnings, "evenkeel: an override is in force until 2027-01-15T12:00:00Z: INC-1234")

	_, d = wrote(t, mux, "team", overridden(demo("v1", "")), overridden(demo("v2", "")))
	assert.Empty(t, state(t, d).OverrideBy, "somebody wrote it before")
}

func TestSkipOutsideTheWindow(t *testing.T) {
	mux := under(t, closedStore(t), nil, demoService, demoRoute, edgeGateway, ableClass, demoServes)
	_, d := wrote(t, mux, "team", demo("v1", ""), demo("v2", ""))
	stepping := state(t, d)
	stepping.Phase, stepping.Stage = rollout.Stepping, rollout.StageDwell
	d.Annotations[rollout.StateAnnotation] = stepping.String()
	live := asJSON(t, d)
	d.Annotations[rollout.ActionAnnotation] = "skip"
	answer, _ := wrote(t, mux, "jane", live, asJSON(t, d))
	require.False(t, answer.Allowed)
	assert.Equal(t, `evenkeel: action "skip": no further step starts until `+opensAt+". In an emergency, type this first:\n  kubectl annotate deployment -n shop demo --overwrite evenkeel.dev/"+emergency, answer.Result.Message)

	answer, out := wrote(t, mux, "jane", live, overridden(asJSON(t, d)))
	require.True(t, answer.Allowed, answer.Result)
	assert.Equal(t, []any{2, "jane"}, []any{state(t, out).Step, state(t, out).OverrideBy})

	d.Annotations[rollout.ActionAnnotation] = "rollback"
	answer, out = wrote(t, mux, "jane", live, asJSON(t, d))
	require.True(t, answer.Allowed, "the way back is never closed")
	assert.Equal(t, rollout.RollingBack, state(t, out).Phase)
}

// A rolling update has no gate: it is refused, with the line that lets it pass.
func TestARollingUpdateOutsideTheWindow(t *testing.T) {
	mux := under(t, closedStore(t), nil, demoService, demoServes)
	rolling := strings.NewReplacer(`"evenkeel.dev/strategy":"canary"`, `"evenkeel.dev/strategy":"rolling"`)
	v1, v2 := rolling.Replace(demo("v1", "")), rolling.Replace(demo("v2", ""))
	answer, _ := wrote(t, mux, "team", v1, v2)
	require.False(t, answer.Allowed)
	assert.Equal(t, "evenkeel: release-window: a rolling update would start now, and has no gate; wait until "+opensAt+
		". In an emergency, type this first:\n  kubectl annotate deployment -n shop demo --overwrite evenkeel.dev/"+emergency, answer.Result.Message)
	answer, _ = wrote(t, mux, "team", v1, overridden(v2))
	require.True(t, answer.Allowed, answer.Result)
	assert.Contains(t, strings.Join(answer.Warnings, "\n"), "evenkeel: release-window: a rolling update would start now")
	answer, _ = wrote(t, mux, "team", "", v2)
	assert.True(t, answer.Allowed, "nothing runs yet")
}

// Batches say the same.
func TestBatchesOutsideTheWindow(t *testing.T) {
	b := batched{kind: batch.StatefulSet, policies: closedStore(t)}
	out, response := b.write(t, "team", manifest(batch.StatefulSet), manifest(batch.StatefulSet, "demo:v1", next))
	assert.Subset(t, response.Warnings, []string{
		"evenkeel: its gate stays shut until " + opensAt, "evenkeel: in an emergency type: kubectl annotate statefulset -n shop demo --overwrite evenkeel.dev/" + emergency,
	})
	_, began := read(t, batch.StatefulSet, out)
	began.Phase, began.Stage, began.Canary = rollout.Stepping, batch.StageDwell, batch.Version{Name: "demo-v2", Hash: "demo-v2"}
	live := carrying(t, out, began)
	skipping := strings.Replace(live, `"annotations":{`, `"annotations":{"evenkeel.dev/action":"skip",`, 1)
	_, response = b.write(t, "jane", live, skipping)
	require.False(t, response.Allowed)
	assert.Contains(t, response.Result.Message, `evenkeel: action "skip": no further step starts until `+opensAt)
	out, response = b.write(t, "jane", live, overridden(skipping))
	require.True(t, response.Allowed)
	_, went := read(t, batch.StatefulSet, out)
	assert.Equal(t, []any{1, "jane"}, []any{went.Step, went.OverrideBy})
}

// A rolling update that takes the place of a release with a gate is one all the same.
func TestAPlainRollingUpdateOutsideTheWindow(t *testing.T) {
	mux := under(t, closedStore(t), nil, demoService, demoRoute, edgeGateway, ableClass, demoServes)
	recreate := strings.NewReplacer(`"type":"RollingUpdate","rollingUpdate":{"maxSurge":"25%","maxUnavailable":"25%"}`, `"type":"Recreate"`)
	v1, v2 := recreate.Replace(demo("v1", "")), recreate.Replace(demo("v2", ""))
	require.Contains(t, v2, "Recreate")
	answer, _ := wrote(t, mux, "team", v1, v2)
	require.False(t, answer.Allowed)
	assert.Contains(t, answer.Result.Message, "evenkeel: release-window: a rolling update would start now, and has no gate; wait until "+opensAt)
	answer, _ = wrote(t, mux, "team", v1, overridden(v2))
	assert.True(t, answer.Allowed, answer.Result)
	empty := strings.NewReplacer(`"replicas":3`, `"replicas":0`)
	answer, _ = wrote(t, mux, "team", empty.Replace(v1), empty.Replace(v2))
	assert.True(t, answer.Allowed, "no pod changes")
	answer, _ = wrote(t, under(t, config.NewStore(), nil, demoService, demoServes), "team", v1, v2)
	assert.True(t, answer.Allowed, "nothing is closed")
}
