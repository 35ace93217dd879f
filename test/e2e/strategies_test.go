// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// released gives the edits of a manifest for another strategy, with more annotations.
func released(strategy string, annotations ...string) []string {
	more := "evenkeel.dev/strategy: " + strategy
	for _, one := range annotations {
		more += ", " + one
	}
	return []string{"evenkeel.dev/strategy: canary", more}
}

// waitForAPerson waits until a step of a weight asks for one.
func waitForAPerson(app *fixture.App, weight int) {
	app.WaitFor("a person", func(s rollout.State) bool {
		return s.Weight == weight && strings.Contains(s.Wait, "a person says so")
	})
}

// A group gets the new version by header or cookie, and everybody else the old
// one, for as long as the release takes.
func TestAGroupKeepsItsVersion(t *testing.T) {
	app := fixture.NewApp(t, "0%/50%:pause,50%:pause,100%")
	app.Up()
	before := app.Specs("service", "httproute")
	matched := released("canary", `evenkeel.dev/match: "header:x-group=beta;cookie:gray=always;header~:x-region=cn-.*"`)
	stop := app.Load()
	app.Apply(app.Manifest("v2", matched...))
	app.WaitForWeight(0)
	app.WaitFor("a person", func(s rollout.State) bool { return strings.Contains(s.Wait, "a person says so") })
	assert.Equal(t, before[strings.Index(before, "\n"):], app.Specs("service", "httproute")[strings.Index(app.Specs("service", "httproute"), "\n"):], "the user's route is as it was")
	for header, version := range map[string]string{
		"x-group: beta": "v2", "Cookie: a=1; gray=always": "v2", "x-region: cn-north": "v2",
		"x-group: alpha": "v1", "Cookie: gray=alwaysnot": "v1", "x-region: xcn-north": "v1",
	} {
		for range 5 {
			assert.Equal(t, version, app.Ask(header), header)
		}
	}
	group := app.Load("x-group: beta")
	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=continue")
	app.WaitForWeight(50)
	app.WaitFor("a person", func(s rollout.State) bool { return strings.Contains(s.Wait, "a person says so") })
	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=continue")
	app.WaitForPhase(rollout.Completed)
	assert.Equal(t, before, app.Specs("service", "httproute"))
	assert.Equal(t, "httproute.gateway.networking.k8s.io/demo\n", app.Kubectl("get", "httproutes", "-o", "name"), "the sibling is gone")
	noneFailed(t, stop())
	onlyTheNew(t, group())
}

// The new version is whole, and seen by those who ask for it, before it gets all
// traffic at once.
func TestBlueGreen(t *testing.T) {
	app := fixture.NewApp(t, rollout.BlueGreenSteps)
	app.Replicas = 3
	app.Up()
	before, leads := app.Specs("service", "httproute", "deployment"), app.Specs("service", "httproute")
	blue := released("blue-green", `evenkeel.dev/match: "host:preview.example"`)
	stop := app.Load()
	app.Apply(app.Manifest("v2", blue...))
	app.WaitFor("the preview", func(s rollout.State) bool { return strings.Contains(s.Wait, "a person says so") })
	assert.Len(t, app.Pods("v1"), 3)
	assert.Len(t, app.Pods("v2"), 3)
	assert.Equal(t, "v2", app.AskHost("preview.example"))
	assert.Equal(t, "v1", app.Ask())
	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=continue")
	app.WaitFor("the way back", func(s rollout.State) bool { return s.Stage == rollout.StageDrain })
	assert.Len(t, app.Pods("v1"), 3, "kept for the way back")
	assert.Equal(t, "v2", app.Ask())
	app.Kubectl("rollout", "undo", "deployment/demo")
	app.WaitForPhase(rollout.RolledBack)
	assert.Equal(t, "v1", app.Ask())
	assert.Equal(t, before, app.Specs("service", "httproute", "deployment"))

	app.Apply(app.Manifest("v2", append(blue, "value: 1s", "value: 900ms")...))
	app.WaitFor("the preview", func(s rollout.State) bool { return strings.Contains(s.Wait, "a person says so") })
	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=continue")
	app.WaitForPhase(rollout.Completed)
	assert.Len(t, app.Pods("v2"), 3)
	assert.Equal(t, leads, app.Specs("service", "httproute"))
	noneFailed(t, stop())
}

// Without a route the Service alone moves everything at once.
func TestBlueGreenByTheServiceAlone(t *testing.T) {
	app := fixture.NewApp(t, "0%/100%:pause,100%")
	app.Apply(strings.Replace(app.Routes(), "backendRefs: [{name: demo,", "backendRefs: [{name: another,", 1))
	app.Unrouted = true
	app.Up()
	seen, stop := app.LoadInside()
	app.Apply(app.Manifest("v2", released("blue-green")...))
	app.WaitFor("a person", func(s rollout.State) bool { return strings.Contains(s.Wait, "a person says so") })
	versions := func(service string) string {
		return app.Kubectl("get", "service", service, "-o", "jsonpath={.spec.selector.pod-template-hash}")
	}
	state := app.State()
	assert.Equal(t, state.Stable.Hash, versions("demo"))
	assert.Equal(t, state.Canary.Hash, versions("demo-canary"), "the preview")
	counts := seen()
	assert.Equal(t, map[string]int{"v1": counts.Requests}, counts.Versions)
	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=continue")
	app.WaitForPhase(rollout.Completed)
	assert.Empty(t, versions("demo"))
	assert.Len(t, app.Pods("v2"), 2)
	assert.Empty(t, app.Pods("v1"))
	counts = stop()
	noneFailed(t, counts)
	assert.Positive(t, counts.Versions["v2"])
}

// Batches change pods within what there is, wait for a person, and go back.
func TestBatches(t *testing.T) {
	app := fixture.NewApp(t, "34%:pause,67%:pause,100%:pause")
	app.Replicas = 3
	app.Up()
	stop := app.Load()
	batch := released("batch")
	app.Apply(app.Manifest("v2", batch...))
	waits := func(weight, stable, canary int) {
		t.Helper()
		waitForAPerson(app, weight)
		assert.Len(t, app.Pods("v1"), stable)
		assert.Len(t, app.Pods("v2"), canary)
	}
	waits(34, 1, 2)
	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=rollback")
	app.WaitForPhase(rollout.RolledBack)
	assert.Len(t, app.Pods("v1"), 3)

	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=retry")
	waits(34, 1, 2)
	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=continue")
	waits(67, 0, 3)
	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=skip")
	waitForAPerson(app, 100)
	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=continue")
	app.WaitForPhase(rollout.Completed)
	assert.Len(t, app.Pods("v2"), 3)
	noneFailed(t, stop())
}

// Where there is no room, stable gives the pods that its share no longer needs.
func TestReplaceStaysWithinWhatThereIs(t *testing.T) {
	app := fixture.NewApp(t, "50%:pause,100%")
	app.Replicas = 4
	app.Up()
	before := app.Specs("service", "httproute", "deployment")
	stop := app.Load()
	most := app.MostPods()
	app.Apply(app.Manifest("v2", released("canary", "evenkeel.dev/capacity: replace")...))
	app.WaitFor("a person", func(s rollout.State) bool { return strings.Contains(s.Wait, "a person says so") })
	assert.Equal(t, "50 50", app.Weight())
	assert.Len(t, app.Pods("v1"), 2)
	assert.Len(t, app.Pods("v2"), 2)
	evictedWithinABudget(t, app)
	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=rollback") // an undo would bring the old annotations back, too
	app.WaitForPhase(rollout.RolledBack)
	assert.Len(t, app.Pods("v1"), 4)
	assert.Equal(t, before, app.Specs("service", "httproute", "deployment"))

	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=retry")
	app.WaitFor("a person", func(s rollout.State) bool { return strings.Contains(s.Wait, "a person says so") })
	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=continue")
	app.WaitForPhase(rollout.Completed)
	assert.LessOrEqual(t, most(), 5, "4 replicas and their maxSurge of 25%")
	noneFailed(t, stop())
}

// An nginx Ingress is left alone: a canary beside it has the weight and the group.
func TestIngress(t *testing.T) {
	app := fixture.NewApp(t, "20%:pause,100%")
	app.Ingress = fixture.Nginx
	app.Replicas = 5
	app.Up()
	before := app.Specs("service", "ingress", "deployment")
	stop := app.Load()
	app.Apply(app.Manifest("v2", released("canary", `evenkeel.dev/match: "header:x-group=beta"`)...))
	app.WaitFor("a person", func(s rollout.State) bool { return strings.Contains(s.Wait, "a person says so") })
	assert.Equal(t, "20", app.Kubectl("get", "ingress", "demo-canary", "-o", `jsonpath={.metadata.annotations.nginx\.ingress\.kubernetes\.io/canary-weight}`))
	group := app.Load("x-group: beta")
	seen := map[string]int{}
	for range 100 {
		seen[app.Ask()]++
	}
	assert.InDelta(t, 20, seen["v2"], 15, "%v", seen)
	onlyTheNew(t, group())
	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=rollback")
	app.WaitForPhase(rollout.RolledBack)
	assert.Equal(t, before, app.Specs("service", "ingress", "deployment"))
	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=retry")
	app.WaitFor("a person", func(s rollout.State) bool { return strings.Contains(s.Wait, "a person says so") })
	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=skip")
	app.WaitForPhase(rollout.Completed)
	assert.Equal(t, "ingress.networking.k8s.io/demo\n", app.Kubectl("get", "ingresses", "-o", "name"))
	noneFailed(t, stop())
}

// A plain rolling update that does not get on comes back by itself where policy
// says so, and one that does is left alone.
func TestARollingUpdateThatIsWatched(t *testing.T) {
	app := fixture.NewApp(t, "100%")
	rolling := []string{"evenkeel.dev/strategy: canary, ", "", `evenkeel.dev/steps: "100%", `, ""}
	app.Apply(app.Routes())
	app.Apply(app.Manifest("v1", rolling...))
	app.Kubectl("rollout", "status", "deployment/demo", "--timeout=60s")
	pods := app.Pods("v1")
	stop := app.Load()
	app.Apply(app.Manifest("v2", append(rolling, "{name: STARTUP_DELAY, value: 1s}", "{name: NEVER_READY, value: always}", "progressDeadlineSeconds: 30", "progressDeadlineSeconds: 10")...))
	state := app.WaitForPhase(rollout.RolledBack)
	assert.Regexp(t, "timed out progressing|waited 10s for this to happen: the rolling update is finished", state.Reason)
	app.Kubectl("rollout", "status", "deployment/demo", "--timeout=60s")
	assert.Equal(t, pods, app.Pods("v1"), "the same pods by name")
	assert.Empty(t, app.Pods("v2"))

	app.Apply(app.Manifest("v2", rolling...))
	app.WaitForPhase(rollout.Completed)
	assert.Len(t, app.Pods("v2"), 2)
	noneFailed(t, stop())
}

// A Deployment that was paused when its image changed is released when it is
// resumed, like any other.
func TestPausedWhenChanged(t *testing.T) {
	app := fixture.NewApp(t, "50%:pause,100%")
	app.Up()
	stop := app.Load()
	app.Kubectl("rollout", "pause", "deployment/demo")
	app.Kubectl("set", "image", "deployment/demo", "app=evenkeel.local/demo:v2")
	app.WaitFor("held", func(s rollout.State) bool { return s.Held && strings.Contains(s.Wait, "holds the rollout") })
	time.Sleep(2 * time.Second)
	require.Empty(t, app.Pods("v2"))
	app.Kubectl("rollout", "resume", "deployment/demo")
	app.WaitForWeight(50)
	require.Len(t, app.Pods("v1"), 2)
	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=skip")
	app.WaitForPhase(rollout.Completed)
	noneFailed(t, stop())
}

// Scaled to nothing in flight, and up again: what was not proved does not come up.
func TestScaledToNothingInFlight(t *testing.T) {
	app := fixture.NewApp(t, "50%:pause,100%")
	app.Up()
	app.Apply(app.Manifest("v2"))
	app.WaitForWeight(50)
	app.Kubectl("scale", "deployment", "demo", "--replicas=0")
	assert.Contains(t, app.WaitForPhase(rollout.RolledBack).Reason, "scaled to 0 replicas")
	app.Kubectl("scale", "deployment", "demo", "--replicas=3")
	app.Kubectl("rollout", "status", "deployment/demo", "--timeout=60s")
	require.Len(t, app.Pods("v1"), 3)
	require.Empty(t, app.Pods("v2"))
}

// The cluster's gateway does not say that it mirrors: it would answer a rule with
// such a filter with errors. So the wish is refused before anything is in flight,
// and without it the release goes its way.
func TestAMirrorIsRefusedWhereTheGatewayHasNone(t *testing.T) {
	app := fixture.NewApp(t, "0%:2s,50%:2s,100%")
	app.Up()
	features := app.Kubectl("get", "gatewayclass", "traefik", "-o", "jsonpath={.status.supportedFeatures[*].name}")
	require.Contains(t, features, "HTTPRouteMethodMatching", "it says what it supports")
	require.NotContains(t, features, "HTTPRouteRequestMirror")
	before := app.Specs("service", "httproute", "deployment")
	says := fmt.Sprintf(`annotation evenkeel.dev/mirror cannot be followed: HTTPRoute "demo": GatewayClass "traefik" of its parent "%s/demo" does not list HTTPRouteRequestMirror in status.supportedFeatures`, app.Namespace)
	mirrored := released("canary", `evenkeel.dev/mirror: "10%"`)
	for _, version := range []string{"v1", "v2"} {
		out, err := app.TryApply(app.Manifest(version, mirrored...))
		require.Error(t, err, version)
		assert.Contains(t, out, says, version)
	}
	assert.Equal(t, before, app.Specs("service", "httproute", "deployment"))
	require.False(t, app.State().InFlight())
	out, err := app.TryApply(app.Manifest("v1", released("canary", `evenkeel.dev/mirror: "200%"`)...))
	require.Error(t, err)
	assert.Contains(t, out, `"200%" is not a whole percent from 1% to 100%`)

	stop := app.Load()
	app.Apply(app.Manifest("v2"))
	app.WaitForPhase(rollout.Completed)
	noneFailed(t, stop())
}
