// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
	"github.com/evenkeel-dev/evenkeel/test/load"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

func TestMain(m *testing.M) { fixture.Main(m) }

func noneFailed(t *testing.T, seen load.Counts) {
	t.Helper()
	assert.Zero(t, seen.Failed, strings.Join(seen.Failures, "\n"))
	assert.Greater(t, seen.Requests, 300)
	t.Logf("requests=%d failed=%d worst=%s versions=%v", seen.Requests, seen.Failed, seen.Worst, seen.Versions)
}

// onlyTheNew asserts that a group that had the new version never saw another.
func onlyTheNew(t *testing.T, seen load.Counts) {
	t.Helper()
	assert.Zero(t, seen.Failed, strings.Join(seen.Failures, "\n"))
	assert.Greater(t, seen.Requests, 50)
	assert.Equal(t, map[string]int{"v2": seen.Requests}, seen.Versions, "the group's version")
}

// A whole canary leaves the objects as their owners wrote them; in its middle,
// applying the original manifests again changes nothing and meets no conflict.
func TestCanaryLeavesTheObjectsToTheirOwners(t *testing.T) {
	app := fixture.NewApp(t, "20%:20s,100%") // time for all that is asked meanwhile
	app.Replicas = 5
	app.Up()
	before := app.Specs("service", "httproute")
	knobs := app.Kubectl("get", "deployment", "demo", "-o", "jsonpath={.spec.strategy}{.spec.minReadySeconds}{.spec.progressDeadlineSeconds}{.spec.paused}")
	stop := app.Load()
	seenInside, stopInside := app.LoadInside()

	app.Apply(app.Manifest("v2"))
	app.WaitForWeight(20)
	require.Equal(t, "80 20", app.Weight())
	assert.Len(t, app.Pods("v1"), 5)
	assert.Len(t, app.Pods("v2"), 1)

	app.Apply(app.Routes())
	app.Apply(app.Manifest("v2"))
	assert.Equal(t, "80 20", app.Weight())
	for _, manifest := range []string{app.Routes(), app.Manifest("v2")} {
		diff := fixture.Must(t, manifest, "kubectl", "diff", "--server-side", "--field-manager=team", "-n", app.Namespace, "-f", "-")
		assert.Empty(t, diff)
	}
	require.Equal(t, rollout.Stepping, app.State().Phase, "applying again did not move the rollout")

	stableInside(t, app, seenInside)
	app.Kubectl("rollout", "status", "deployment/demo", "--timeout=120s")
	app.WaitForPhase(rollout.Completed)
	assert.Equal(t, before, app.Specs("service", "httproute"))
	assert.Equal(t, knobs, app.Kubectl("get", "deployment", "demo", "-o", "jsonpath={.spec.strategy}{.spec.minReadySeconds}{.spec.progressDeadlineSeconds}{.spec.paused}"))
	for _, kind := range []string{"deployment", "service", "httproute"} {
		fields := app.Kubectl("get", kind, "demo", "--show-managed-fields", "-o", `jsonpath={.metadata.managedFields[?(@.manager=="evenkeel")].fieldsV1}`)
		assert.NotContains(t, fields, "f:spec", kind)
	}
	services := app.Kubectl("get", "services", "-o", "name")
	assert.Equal(t, "service/demo\n", services, "the canary's Service is gone")
	noneFailed(t, stop())
	noneFailed(t, stopInside())
}

// stableInside asserts that callers inside the cluster get stable's version alone
// until the promotion: what was seen before a state that does not promote yet.
func stableInside(t *testing.T, app *fixture.App, seen func() load.Counts) {
	t.Helper()
	readings := 0
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(pollShort) {
		counts := seen()
		if app.State().Phase != rollout.Stepping {
			break
		}
		readings++
		require.Equal(t, map[string]int{"v1": counts.Requests - counts.Failed}, counts.Versions)
	}
	assert.Greater(t, readings, 3)
}

// kubectl rollout undo, and applying the old manifest, take the traffic back
// first and leave stable's pods as they are.
func TestGoingBack(t *testing.T) {
	for name, back := range map[string]func(*fixture.App){
		"undo":         func(app *fixture.App) { app.Kubectl("rollout", "undo", "deployment/demo") },
		"old manifest": func(app *fixture.App) { app.Apply(app.Manifest("v1")) },
		"action":       func(app *fixture.App) { app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=rollback") },
	} {
		t.Run(name, func(t *testing.T) {
			app := fixture.NewApp(t, "50%:pause,100%")
			app.Namespace = strings.ReplaceAll(app.Namespace, " ", "-")
			app.Up()
			before, pods := app.Specs("service", "httproute", "deployment"), app.Pods("v1")
			stop := app.Load()
			_, inside := app.LoadInside()
			app.Apply(app.Manifest("v2"))
			app.WaitForWeight(50)
			back(app)
			app.WaitForPhase(rollout.RolledBack)
			assert.Equal(t, pods, app.Pods("v1"), "the same pods by name")
			assert.Empty(t, app.Pods("v2"))
			assert.Equal(t, before, app.Specs("service", "httproute", "deployment"))
			app.Kubectl("rollout", "status", "deployment/demo", "--timeout=30s")
			noneFailed(t, stop())
			aside := inside()
			noneFailed(t, aside)
			assert.Equal(t, map[string]int{"v1": aside.Requests}, aside.Versions, "only stable")
		})
	}
}

// A pause step waits for a person; what makes no sense is refused.
func TestPauseContinueAndRetry(t *testing.T) {
	app := fixture.NewApp(t, "50%:pause,100%")
	app.Up()
	refused, err := fixture.Run("", "kubectl", "-n", app.Namespace, "annotate", "deployment", "demo", "evenkeel.dev/action=continue")
	require.Error(t, err)
	assert.Contains(t, refused, "no rollout is in flight")
	stop := app.Load()
	app.Apply(app.Manifest("v2"))
	app.WaitFor("a person", func(s rollout.State) bool { return strings.Contains(s.Wait, "a person says so") })

	app.Kubectl("rollout", "pause", "deployment/demo")
	app.WaitFor("held", func(s rollout.State) bool { return s.Held && strings.Contains(s.Wait, "holds the rollout") })
	app.Kubectl("rollout", "resume", "deployment/demo")
	app.WaitFor("not held", func(s rollout.State) bool { return !s.Held })

	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=rollback")
	app.WaitForPhase(rollout.RolledBack)
	out, err := app.TryApply(app.Manifest("v2"))
	require.Error(t, err, "a template that was rolled back is refused")
	assert.Contains(t, out, "this template was rolled back")
	assert.Contains(t, out, "evenkeel.dev/action=retry")

	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=retry")
	app.WaitForWeight(50)
	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=continue")
	app.WaitForPhase(rollout.Completed)
	assert.Len(t, app.Pods("v2"), 2)
	noneFailed(t, stop())
}

// Another template in flight: the traffic leaves the old canary first. At 100% it
// waits for a person, with stable whole; the history tells where it came from.
func TestThirdTemplate(t *testing.T) {
	app := fixture.NewApp(t, "50%:15s,100%:pause") // long enough to be seen on a slow machine
	app.Up()
	stop := app.Load()
	app.Apply(app.Manifest("v2"))
	app.WaitForWeight(50)
	pods := app.Pods("v1")
	app.Apply(app.Manifest("v3"))
	app.WaitFor("the new canary's traffic", func(s rollout.State) bool { return s.Weight == 50 })
	assert.Equal(t, pods, app.Pods("v1"))
	assert.Empty(t, app.Pods("v2"))
	waitForAPerson(app, 100)
	assert.Equal(t, "0 100", app.Weight())
	assert.Equal(t, pods, app.Pods("v1"), "kept for the way back")
	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=continue")
	app.WaitForPhase(rollout.Completed)
	assert.Len(t, app.Pods("v3"), 2)
	history := app.Kubectl("rollout", "history", "deployment/demo")
	for _, version := range []string{"v1", "v2", "v3"} {
		assert.Contains(t, history, "image app=evenkeel.local/demo:"+version+", by ")
	}
	noneFailed(t, stop())
}

// With nobody at home nothing moves; what was begun goes on afterwards, and its
// time is neither shorter for it nor begun anew.
func TestBothReplicasKilledInMidStep(t *testing.T) {
	app := fixture.NewApp(t, "50%:20s,100%")
	app.Up()
	stop := app.Load()
	app.Apply(app.Manifest("v2"))
	app.WaitForWeight(50)
	managers := func(replicas string) {
		fixture.Must(t, "", "kubectl", "-n", fixture.System, "scale", "deployment", "evenkeel", "--replicas="+replicas)
	}
	t.Cleanup(func() { managers("2") })
	fixture.Must(t, "", "pkill", "-9", "-f", "^/evenkeel manager")
	managers("0")
	letGo()
	state, weight, pods := app.State(), app.Weight(), app.Pods("v2")
	for range 5 {
		time.Sleep(time.Second)
		require.Equal(t, state.String(), app.State().String())
		assert.Equal(t, weight, app.Weight())
		assert.Equal(t, pods, app.Pods("v2"))
	}
	managers("2")
	next := app.WaitFor("the next step", func(s rollout.State) bool { return s.Step == 1 || s.Phase != rollout.Stepping })
	assert.GreaterOrEqual(t, next.Since.Sub(state.Since), 20*time.Second, "from %s to %s", state, next)
	t.Logf("the step of 20s lasted %s", next.Since.Sub(state.Since))
	app.WaitForPhase(rollout.Completed)
	assert.Len(t, app.Pods("v2"), 2)
	noneFailed(t, stop())
}

// A canary that never becomes ready goes back at its deadline, and the reason says what
// is wrong with its pod: the application ends at once where it cannot read its settings.
func TestNeverReady(t *testing.T) {
	for setting, wrong := range map[string]string{"'true'": `runs, and is not ready`, "always": `(crashes \(CrashLoopBackOff\), the last time|ended) with exit code 1`} {
		t.Run(strings.Trim(setting, "'"), func(t *testing.T) {
			app := fixture.NewApp(t, "50%:4s,100%")
			app.Up()
			pods := app.Pods("v1")
			stop := app.Load()
			app.Apply(app.Manifest("v2", "{name: STARTUP_DELAY, value: 1s}", "{name: NEVER_READY, value: "+setting+"}", "progressDeadlineSeconds: 30", "progressDeadlineSeconds: 10"))
			state := app.WaitForPhase(rollout.RolledBack)
			assert.Regexp(t, `^waited 10s for this to happen: the canary's pods are ready; container "app" of pod "demo-[^"]+" `+wrong+"$", state.Reason)
			assert.Equal(t, pods, app.Pods("v1"))
			app.Told("RolloutStarted Deployment demo ", "StepStarted ", "RolloutRollingBack ", "TrafficWithdrawn ", "RolloutRolledBack ")
			noneFailed(t, stop())
		})
	}
}

// A Deployment that is deleted in flight takes nothing with it.
func TestDeletedInFlight(t *testing.T) {
	app := fixture.NewApp(t, "50%:pause,100%")
	app.Up()
	before := app.Specs("service", "httproute")
	app.Apply(app.Manifest("v2"))
	app.WaitForWeight(50)
	app.Kubectl("delete", "deployment", "demo", "--wait=true")
	require.Eventually(t, func() bool { return before == app.Specs("service", "httproute") }, 30*time.Second, 200*time.Millisecond)
	assert.Empty(t, app.Kubectl("get", "service,httproute", "-l", "evenkeel.dev/in-flight", "-o", "name"))
}
