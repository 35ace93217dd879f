// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// What happens to a canary that waits at half of the traffic, and what follows:
// the rows of the table of docs/states.md that no other test has.
func TestWhatHappensInFlight(t *testing.T) {
	for name, row := range map[string]struct {
		happens func(t *testing.T, app *fixture.App)
		phase   rollout.Phase
		reason  string
		// inside sends the load to the Service: the route serves nobody meanwhile.
		inside bool
	}{
		"a canary pod goes": {
			happens: func(_ *testing.T, app *fixture.App) {
				app.Kubectl("delete", "pod", app.Pods("v2")[0], "--wait=false")
				app.WaitFor("a person again", func(s rollout.State) bool {
					return strings.Contains(s.Wait, "a person says so") && len(app.Pods("v2")) == 2
				})
				app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=rollback")
			},
			phase: rollout.RolledBack, reason: "a person asked for it",
		},
		"the strategy is taken off": {
			happens: func(_ *testing.T, app *fixture.App) {
				app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/strategy-")
			},
			phase: rollout.RolledBack, reason: "the strategy canary was taken off",
		},
		"the Service is deleted": {
			happens: func(t *testing.T, app *fixture.App) {
				app.Kubectl("delete", "service", "demo")
				app.WaitFor("the Service", func(s rollout.State) bool { return s.Wait == `Service "demo" exists` })
				app.Apply(app.Routes())
				app.WaitFor("a person again", func(s rollout.State) bool { return strings.Contains(s.Wait, "a person says so") })
				require.Equal(t, "50 50", app.Weight())
				require.Equal(t, app.State().Stable.Hash, app.Kubectl("get", "service", "demo", "-o", "jsonpath={.spec.selector.pod-template-hash}"))
				app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=continue")
			},
			phase: rollout.Completed,
		},
		"the route is deleted": {
			inside: true,
			happens: func(t *testing.T, app *fixture.App) {
				app.Kubectl("delete", "httproute", "demo")
				app.WaitFor("the route", func(s rollout.State) bool { return s.Wait == `HTTPRoute "demo" exists` })
				app.Apply(app.Routes())
				app.WaitFor("a person again", func(s rollout.State) bool { return strings.Contains(s.Wait, "a person says so") })
				require.Equal(t, "50 50", app.Weight())
				app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=continue")
			},
			phase: rollout.Completed,
		},
		"the route of git comes again": {
			happens: func(t *testing.T, app *fixture.App) {
				app.Apply(app.Routes())
				require.Equal(t, "50 50", app.Weight())
				app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=continue")
			},
			phase: rollout.Completed,
		},
		"somebody scales up": {
			happens: func(_ *testing.T, app *fixture.App) {
				app.Kubectl("scale", "deployment", "demo", "--replicas=6")
				app.WaitFor("more of both", func(s rollout.State) bool {
					return strings.Contains(s.Wait, "a person says so") && len(app.Pods("v1")) == 6 && len(app.Pods("v2")) == 3
				})
				app.Insist("annotate", "deployment", "demo", "evenkeel.dev/action=continue")
			},
			phase: rollout.Completed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			app := fixture.NewApp(t, "50%:pause,100%")
			app.Replicas = 4
			app.Up()
			before, stable := own(app), app.Pods("v1")
			stop := func() {}
			switch {
			case row.inside:
				_, load := app.LoadInside()
				stop = func() { noneFailed(t, load()) }
			case name != "the Service is deleted": // which nobody can reach then
				load := app.Load()
				stop = func() { noneFailed(t, load()) }
			}
			app.Apply(app.Manifest("v2"))
			waitForAPerson(app, 50)
			row.happens(t, app)
			state := app.WaitForPhase(row.phase)
			if row.reason != "" {
				assert.Equal(t, row.reason, state.Reason)
			}
			assert.Equal(t, before, own(app))
			if row.phase == rollout.RolledBack {
				assert.Equal(t, stable, app.Pods("v1"), "the same pods by name")
			}
			stop()
		})
	}
}

// own is what users wrote of the Service and the route.
func own(app *fixture.App) string {
	return app.Kubectl("get", "service", "demo", "-o", "jsonpath={.spec.selector}{.spec.ports}") + app.Specs("httproute")
}

// A real autoscaler acts in mid-step, by its bounds alone, which need no metrics:
// both versions follow up and down. A stable pod that goes meanwhile comes again,
// and takes nothing from the canary. Nobody sees any of it.
func TestAnAutoscalerActsInFlight(t *testing.T) {
	app := fixture.NewApp(t, "50%:pause,100%")
	app.Up()
	before := own(app)
	stop := app.Load()
	app.Apply(app.Manifest("v2"))
	waitForAPerson(app, 50)
	bounds := func(least, most, stable, canary int) {
		t.Helper()
		fixture.Must(t, fmt.Sprintf(`{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: demo}, spec: {minReplicas: %d, maxReplicas: %d,
			scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: demo}, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]}}`, least, most),
			"kubectl", "-n", app.Namespace, "apply", "--server-side", "-f", "-")
		app.WaitFor(fmt.Sprintf("%d and %d pods", stable, canary), func(s rollout.State) bool {
			return strings.Contains(s.Wait, "a person says so") && len(app.Pods("v1")) == stable && len(app.Pods("v2")) == canary
		})
		assert.Equal(t, "50 50", app.Weight())
	}
	bounds(4, 6, 4, 2)
	bounds(1, 2, 2, 1)
	app.Told("SuccessfulRescale ")

	stable, canary := app.Pods("v1"), app.Pods("v2")
	app.Kubectl("delete", "pod", stable[0], "--wait=false")
	app.WaitFor("stable is whole again", func(rollout.State) bool {
		return len(app.Pods("v1")) == 2 && !slices.Contains(app.Pods("v1"), stable[0])
	})
	assert.Equal(t, canary, app.Pods("v2"))
	app.Insist("annotate", "deployment", "demo", "evenkeel.dev/action=continue")
	app.WaitForPhase(rollout.Completed)
	assert.Len(t, app.Pods("v2"), 2)
	assert.Equal(t, before, own(app))
	noneFailed(t, stop())
}

// Nobody asks our webhook any more: the next step's pods are not made, that is
// told, and nothing else happens. Installed again, the release goes on.
func TestTheWebhookIsNotCalled(t *testing.T) {
	app := fixture.NewApp(t, "50%:15s,100%")
	app.Up()
	before := own(app)
	stop := app.Load()
	app.Apply(app.Manifest("v2", "progressDeadlineSeconds: 30", "progressDeadlineSeconds: 90"))
	app.WaitForWeight(50)
	reinstall(t)
	fixture.Must(t, "", "kubectl", "delete", "mutatingwebhookconfiguration", "evenkeel-"+fixture.System)
	state := app.WaitFor("it is told", func(s rollout.State) bool { return strings.Contains(s.Wait, "the admission webhook renders") })
	assert.Equal(t, rollout.StageScale, state.Stage)
	assert.Equal(t, "50 50", app.Weight())
	assert.Len(t, app.Pods("v2"), 1)
	app.Told(".*the admission webhook renders")
	out, err := fixture.Install()
	require.NoError(t, err, out)
	app.WaitForPhase(rollout.Completed)
	assert.Equal(t, before, own(app))
	noneFailed(t, stop())
}

// A quota that stops the surge is told, and nothing is served by fewer pods; with
// more of it the step goes on.
func TestAQuotaStopsTheSurge(t *testing.T) {
	app := fixture.NewApp(t, "50%:1s,100%")
	app.Up()
	quota := func(pods int) {
		fixture.Must(t, fmt.Sprintf("{apiVersion: v1, kind: ResourceQuota, metadata: {name: pods}, spec: {hard: {pods: %d}}}", pods), "kubectl", "-n", app.Namespace, "apply", "--server-side", "-f", "-")
		app.WaitFor("the quota", func(rollout.State) bool {
			return app.Kubectl("get", "resourcequota", "pods", "-o", "jsonpath={.status.hard.pods}") == fmt.Sprint(pods)
		})
	}
	quota(2)
	stop := app.Load()
	long := []string{"progressDeadlineSeconds: 30", "progressDeadlineSeconds: 600"} // the stock controller tries again after 20, 40 and 80 s
	out, err := app.TryApply(app.Manifest("v2", append(long, "evenkeel.dev/strategy: canary", `evenkeel.dev/override: "checks=surge-quota; until=`+time.Now().Add(time.Hour).UTC().Format(time.RFC3339)+`; reason=a test", evenkeel.dev/strategy: canary`)...))
	require.NoError(t, err, out)
	state := app.WaitFor("the quota is told", func(s rollout.State) bool { return strings.HasPrefix(s.Wait, "pods can be made: ") })
	assert.Contains(t, state.Wait, "exceeded quota: pods")
	assert.Len(t, app.Pods("v1"), 2)
	quota(6)
	app.WaitForPhase(rollout.Completed)
	noneFailed(t, stop())
}

// A rollout that an earlier one stands in the way of is a plain rolling update,
// and says so.
func TestAnEarlierRolloutIsUnfinished(t *testing.T) {
	app := fixture.NewApp(t, "50%:pause,100%")
	app.Apply(app.Routes())
	app.Apply(app.Manifest("v1", "{name: STARTUP_DELAY, value: 1s}", "{name: STARTUP_DELAY, value: 8s}"))
	out := app.Apply(app.Manifest("v2"))
	assert.Contains(t, out, "no canary, a plain rolling update: ")
	app.Told("PlainRollingUpdate .*no canary, a plain rolling update: an earlier rollout is unfinished: ")
	app.Kubectl("rollout", "status", "deployment/demo", "--timeout=90s")
	assert.Len(t, app.Pods("v2"), 2)
	assert.Empty(t, app.State().Phase)
}
