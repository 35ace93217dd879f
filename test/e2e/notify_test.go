// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// outside is a policy that tells a place of releases, and asks it for leave.
const outside = `  notifications:
  - name: people
    slack: {urlFrom: {secret: test-slack, key: url}}
    template: "{{.Moment}}: {{.Name}}: {{.Text}}"
  - name: events
    http:
      url: %[1]s/events
      headersFrom: {Authorization: {secret: test-events, key: token}}
  analyses:
    gate: {webhook: {url: "%[1]s/gate", secret: test-gate}, interval: 2s}
notifications: {secrets: [test-slack, test-events]}
analysis: {secrets: [test-gate]}
`

// told opens a place, and makes it the one that is told and asked.
func told(t *testing.T) *fixture.Place {
	t.Helper()
	place := fixture.OpenPlace(t)
	for name, literal := range map[string]string{"test-slack": "url=" + place.Address + "/slack", "test-events": "token=" + place.Token, "test-gate": "key=" + place.Key} {
		_, _ = fixture.Run("", "kubectl", "-n", fixture.System, "delete", "secret", name, "--ignore-not-found")
		fixture.Must(t, "", "kubectl", "-n", fixture.System, "create", "secret", "generic", name, "--from-literal="+literal)
		t.Cleanup(func() { _, _ = fixture.Run("", "kubectl", "-n", fixture.System, "delete", "secret", name) })
	}
	fixture.InstallWith(t, fmt.Sprintf(outside, place.Address))
	return place
}

// until waits until a place has seen what a test wants.
func until(t *testing.T, place *fixture.Place, what string, is func(fixture.Seen) bool) fixture.Seen {
	t.Helper()
	require.Eventually(t, func() bool { return is(place.Seen()) }, time.Minute, 100*time.Millisecond, "%s: %+v", what, place.Seen())
	return place.Seen()
}

// People are told of a release outside the cluster, in order; a gate of somebody's
// own, which knows who asks, takes it back with its words; and a place that takes
// what is sent and never answers holds up no release.
func TestAPlaceOutsideTheCluster(t *testing.T) {
	place := told(t)
	app := fixture.NewApp(t, "50%:pause,100%")
	app.Up()
	stop := app.Load()

	app.Apply(app.Manifest("v2", released("canary", "evenkeel.dev/analysis: gate")...))
	until(t, place, "a person is asked", func(seen fixture.Seen) bool { return len(seen.Moments) == 2 && len(seen.Slack) == 2 && seen.Asked > 0 })
	place.SayNo("3 of 12 smoke tests fail")
	state := app.WaitForPhase(rollout.RolledBack)
	const reason = `analysis "gate" failed 1 times in a step, and may 0 times: the gate says no: 3 of 12 smoke tests fail`
	assert.Equal(t, reason, state.Reason)
	seen := until(t, place, "the end is told", func(seen fixture.Seen) bool { return len(seen.Moments) == 4 && len(seen.Slack) == 4 })
	assert.Empty(t, seen.Problems, "each was signed, and each is a CloudEvent")
	assert.Equal(t, []string{"started", "waiting", "rollingback", "ended"}, seen.Moments)
	for i, e := range seen.Events {
		assert.Equal(t, app.Namespace+"/demo", e.Subject())
		assert.True(t, i == 0 || !e.Time().Before(seen.Events[i-1].Time()))
		var data struct{ Moment, Text string }
		require.NoError(t, json.Unmarshal(e.Data(), &data))
		assert.Equal(t, data.Moment+": demo: ", seen.Slack[i][:len(data.Moment)+len(": demo: ")])
	}
	assert.Contains(t, seen.Slack[2], reason)

	place.Silence()
	app.Steps = "50%:1s,100%"
	began := time.Now()
	app.Apply(app.Manifest("v3"))
	app.WaitForPhase(rollout.Completed)
	took := time.Since(began)
	assert.Less(t, took, 40*time.Second, "nothing waits for an answer: of one try for ten seconds, of all for ten minutes")
	until(t, place, "it was told, and has not answered", func(seen fixture.Seen) bool { return seen.Hanging >= 2 })
	assert.Len(t, place.Seen().Moments, 4)
	t.Logf("took=%s hanging=%d asked=%d", took.Round(100*time.Millisecond), place.Seen().Hanging, place.Seen().Asked)
	noneFailed(t, stop())
}
