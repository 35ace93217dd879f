// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// underPolicy has more in the policy until the test ends.
func underPolicy(t *testing.T, more string) {
	t.Helper()
	install := func(values string) {
		t.Helper()
		fixture.Must(t, values, "helm", "upgrade", "evenkeel", filepath.Join(fixture.Root(), "charts", "evenkeel"), "-n", fixture.System, "-f", "-", "--wait", "--timeout", "90s")
	}
	install(strings.Replace(fixture.Values, "  rules:\n", more+"  rules:\n", 1))
	t.Cleanup(func() { install(fixture.Values) })
	time.Sleep(3 * time.Second) // until every manager has read it
}

// Of two Deployments and a budget of one the second waits, says so, and goes on
// when the first has ended. An emergency passes, and is told.
func TestABudgetOfOne(t *testing.T) {
	app := fixture.NewApp(t, "50%:pause,100%")
	underPolicy(t, "  budget: {namespace: 1}\n")
	other := []string{"name: demo", "name: other", "app: demo", "app: other"}
	for _, manifest := range []string{app.Manifest("v1"), app.Manifest("v1", other...)} {
		app.Apply(manifest)
	}
	app.Kubectl("rollout", "status", "deployment/demo", "--timeout=90s")
	app.Kubectl("rollout", "status", "deployment/other", "--timeout=90s")
	stateOf := func(name string) rollout.State {
		state, err := rollout.ParseState(app.Kubectl("get", "deployment", name, "-o", `jsonpath={.metadata.annotations.evenkeel\.dev/rollout}`))
		require.NoError(t, err)
		return state
	}
	waits := func(name, sentence string) {
		t.Helper()
		require.Eventually(t, func() bool { return strings.Contains(stateOf(name).Wait, sentence) }, 40*time.Second, 300*time.Millisecond, "%s: %s", name, sentence)
	}
	const full, person = "a place for releases in namespace", "a person says so"
	app.Apply(app.Manifest("v2"))
	waits("demo", person)
	app.Apply(app.Manifest("v2", other...))
	waits("other", full)
	assert.Equal(t, rollout.Preparing, stateOf("other").Phase)

	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=continue")
	waits("other", person)
	assert.Equal(t, rollout.Completed, stateOf("demo").Phase)

	app.Apply(app.Manifest("v1"))
	waits("demo", full)
	until := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/override=checks=budget; until="+until+"; reason=INC-1234")
	waits("demo", person)
	app.Told("GuardOverridden Deployment demo budget overridden until " + until + `: INC-1234 \(by: `)
}
