// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// interval is that of the analyses here.
const interval = 3 * time.Second

// analyses ask a real Prometheus about the real data plane.
const analyses = `  analyses:
    success-rate:
      prometheus: {address: %[1]q, builtIn: success-rate}
      min: 95
      minSamples: 5
      interval: 3s
    latency:
      prometheus: {address: %[1]q, builtIn: latency, quantile: 0.9}
      max: 0.3
      minSamples: 5
      interval: 3s
    as-stable:
      prometheus: {address: %[1]q, builtIn: success-rate}
      compare: {difference: 3}
      minSamples: 5
      interval: 3s
    restarts: {pods: {}, interval: 3s}
`

// watched is an application whose Prometheus and analyses are there, under load.
// No request of it may fail but those that a version fails as its ERROR_RATE wants.
func watched(t *testing.T, steps string) (*fixture.App, *fixture.Prometheus) {
	t.Helper()
	server := fixture.StartPrometheus(t)
	fixture.InstallWith(t, fmt.Sprintf(analyses, server.Address)+"metrics: {enabled: true}\n")
	app := fixture.NewApp(t, steps)
	app.Replicas = 4
	app.Up()
	stop := app.Load()
	t.Cleanup(func() {
		seen := stop()
		t.Logf("requests=%d failed=%d versions=%v", seen.Requests, seen.Failed, seen.Versions)
		assert.Len(t, seen.Failures, min(seen.Failed, 20))
		for _, failure := range seen.Failures {
			assert.Contains(t, failure, "as ERROR_RATE wants it")
		}
	})
	return app, server
}

// guarded gives the edits of a manifest with analyses, and what the version does.
func guarded(names, behaviour string) []string {
	return append(released("canary", fmt.Sprintf("evenkeel.dev/analysis: %q", names)), "{name: STARTUP_DELAY, value: 1s}", "{name: STARTUP_DELAY, value: 1s}, "+behaviour,
		"progressDeadlineSeconds: 30", "progressDeadlineSeconds: 20")
}

// goesBack waits for a version to go back by itself, and gives the reason, and how
// long its weight was there.
func goesBack(t *testing.T, app *fixture.App) (reason string, after time.Duration) {
	t.Helper()
	app.WaitForWeight(20)
	since := app.State().Since
	state := app.WaitFor("the way back", func(s rollout.State) bool { return s.Phase == rollout.RollingBack || s.Phase == rollout.RolledBack })
	after = state.Since.Sub(since)
	app.WaitForPhase(rollout.RolledBack)
	assert.Equal(t, "v1", app.Ask())
	t.Logf("after %s: %s", after.Round(100*time.Millisecond), state.Reason)
	return state.Reason, after
}

// numbers are those that an Event has, and a reason.
const numbers = `value is [0-9.]+(%|s) of [0-9.]+ requests`

// measurements is how often an analysis gave a verdict, as the managers count it.
func measurements(t *testing.T, analysis, verdict string) (n float64) {
	t.Helper()
	names := fixture.Read(t, "kubectl", "-n", fixture.System, "get", "pods", "-o", "jsonpath={.items[*].metadata.name}")
	shown := regexp.MustCompile(`evenkeel_analysis_measurements_total\{analysis="` + analysis + `",provider="prometheus",verdict="` + verdict + `"\} ([0-9.e+]+)`)
	for _, name := range strings.Fields(names) {
		page := fixture.Read(t, "kubectl", "get", "--raw", "/api/v1/namespaces/"+fixture.System+"/pods/"+name+":8080/proxy/metrics")
		for _, match := range shown.FindAllStringSubmatch(page, -1) {
			value, err := strconv.ParseFloat(match[1], 64)
			require.NoError(t, err)
			n += value
		}
	}
	return n
}

// A version that fails one of five requests goes back by itself within two
// intervals of the step, with the numbers in the Event; so does a slow one.
func TestEvidenceOfABadVersion(t *testing.T) {
	app, _ := watched(t, "20%:30s,100%")
	for name, row := range map[string]struct{ analysis, behaviour, reason string }{
		"errors":                  {"success-rate,restarts", `{name: ERROR_RATE, value: "0.2"}`, `analysis "success-rate" failed 1 times in a step, and may 0 times: the canary's value is `},
		"more errors than stable": {"as-stable", `{name: ERROR_RATE, value: "0.3"}`, `analysis "as-stable" failed 1 times in a step`},
		"slow":                    {"latency", `{name: ANSWER_DELAY, value: 400ms}`, `analysis "latency" failed 1 times in a step`},
	} {
		t.Run(name, func(t *testing.T) {
			app.Apply(app.Manifest("v2", guarded(row.analysis, row.behaviour)...))
			reason, after := goesBack(t, app)
			assert.Contains(t, reason, row.reason)
			assert.Regexp(t, numbers, reason)
			assert.LessOrEqual(t, after, 2*interval+2*time.Second)
			events := app.Kubectl("get", "events", "--field-selector=reason=RolloutRollingBack", "-o", `jsonpath={range .items[*]}{.message}{.note}{"\n"}{end}`)
			told := slices.DeleteFunc(strings.Split(events, "\n"), func(line string) bool { return !strings.Contains(line, row.reason) })
			require.NotEmpty(t, told, events)
			assert.Regexp(t, numbers, told[0])
			decisive, _, _ := strings.Cut(row.analysis, ",")
			assert.Positive(t, measurements(t, decisive, "Failed"))
			app.Apply(app.Manifest("v1"))
			app.WaitFor("the old manifest", func(s rollout.State) bool { return !s.InFlight() })
		})
	}
}

// A good version passes, and each step tells so.
func TestEvidenceOfAGoodVersion(t *testing.T) {
	app, _ := watched(t, "20%:3s,100%")
	app.Apply(app.Manifest("v2", guarded("success-rate,latency,as-stable,restarts", "{name: GREETING, value: hello}")...))
	state := app.WaitForPhase(rollout.Completed)
	require.Len(t, state.Analyses, 4)
	for _, a := range state.Analyses {
		if a.Compares {
			continue // it had nothing to say at 100%
		}
		assert.Positive(t, a.Passed, a)
		assert.Zero(t, a.Failed, a)
	}
	events := app.Kubectl("get", "events", "--field-selector=reason=AnalysisPassed", "-o", `jsonpath={range .items[*]}{.message}{.note}{"\n"}{end}`)
	for _, name := range []string{"success-rate", "latency", "as-stable", "restarts"} {
		assert.Contains(t, events, fmt.Sprintf(`step 1 of 2 (20%%:3s): analysis %q: `, name))
	}
}

// Without Prometheus nothing is known: the step holds, and goes back at its deadline.
func TestEvidenceThatIsGone(t *testing.T) {
	app, server := watched(t, "20%:5s,100%")
	server.Stop()
	app.Apply(app.Manifest("v2", guarded("success-rate", "{name: GREETING, value: hello}")...))
	held := app.WaitFor("a step that stands still", func(s rollout.State) bool {
		return s.Wait == `analysis "success-rate" can tell again whether the canary is well`
	})
	assert.Equal(t, 20, held.Weight)
	assert.Contains(t, held.Analyses[0].Last.Says, "nothing is known: the server does not answer")
	state := app.WaitForPhase(rollout.RolledBack)
	assert.Equal(t, `waited 20s for this to happen: analysis "success-rate" can tell again whether the canary is well`, state.Reason)
}
