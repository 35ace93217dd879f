// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// fault is something that happens to a cluster in the middle of a release.
type fault struct {
	name string
	do   func(app *fixture.App)
}

// quietly runs what may fail, as it does where a manager is just being killed.
func quietly(stdin string, args ...string) { _, _ = fixture.Run(stdin, args...) }

var faults = []fault{
	{"the leader is killed", func(*fixture.App) {
		holder, _ := fixture.Run("", "kubectl", "-n", fixture.System, "get", "lease", "evenkeel", "-o", "jsonpath={.spec.holderIdentity}")
		pod, _, _ := strings.Cut(holder, "_")
		quietly("", "kubectl", "-n", fixture.System, "delete", "pod", pod, "--grace-period=0", "--force")
	}},
	{"both managers are killed", func(*fixture.App) { quietly("", "pkill", "-9", "-f", "^/evenkeel manager") }},
	{"the leader hands over", func(*fixture.App) {
		quietly("", "kubectl", "-n", fixture.System, "rollout", "restart", "deployment/evenkeel")
	}},
	{"the route is applied again", func(app *fixture.App) {
		quietly(app.Routes(), "kubectl", "apply", "--server-side", "--field-manager=team", "-n", app.Namespace, "-f", "-")
	}},
	{"the route's weights are taken away", func(app *fixture.App) {
		quietly("", "kubectl", "-n", app.Namespace, "patch", "httproute", "demo", "--type=merge", "-p", `{"spec":{"rules":[{"backendRefs":[{"name":"demo","port":80}]}]}}`)
	}},
	{"the Service is widened", func(app *fixture.App) {
		quietly("", "kubectl", "-n", app.Namespace, "patch", "service", "demo", "--type=merge", "-p", `{"spec":{"selector":{"app":"demo","pod-template-hash":null}}}`)
	}},
	{"the canary's Service is deleted", func(app *fixture.App) {
		quietly("", "kubectl", "-n", app.Namespace, "delete", "service", "demo-canary", "--ignore-not-found")
	}},
	{"the API server is killed", func(*fixture.App) {
		quietly("", filepath.Join(fixture.Root(), "bin", "cluster"), "restart", "kube-apiserver")
	}},
	{"it is scaled up", func(app *fixture.App) {
		quietly("", "kubectl", "-n", app.Namespace, "scale", "deployment", "demo", "--replicas=3")
	}},
	{"it is scaled down", func(app *fixture.App) {
		quietly("", "kubectl", "-n", app.Namespace, "scale", "deployment", "demo", "--replicas=2")
	}},
}

// through follows a release to its end and lets the next fault happen each time
// that it enters a stage. It gives the last state.
func through(t *testing.T, app *fixture.App, random *rand.Rand, tell func(stage rollout.Stage, fault string)) rollout.State {
	t.Helper()
	stage := rollout.Stage("")
	for end := time.Now().Add(4 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		state := app.State()
		if state.Phase != "" && !state.InFlight() {
			return state
		}
		if strings.Contains(state.Wait, "a person says so") {
			quietly("", "kubectl", "-n", app.Namespace, "annotate", "deployment", "demo", "evenkeel.dev/action=continue")
		}
		if state.Stage != stage {
			stage = state.Stage
			fault := faults[random.IntN(len(faults))]
			tell(stage, fault.name)
			fault.do(app)
		}
	}
	require.Fail(t, "a release has not ended", "%s", app.State())
	return rollout.State{}
}

// applied applies a manifest as a pipeline does: once more where no manager was
// there to review it. It gives what was answered.
func applied(t *testing.T, app *fixture.App, manifest string) (out string) {
	t.Helper()
	require.Eventually(t, func() bool {
		var err error
		out, err = app.TryApply(manifest)
		return err == nil || !strings.Contains(out, "failed calling webhook")
	}, time.Minute, time.Second, out)
	require.Contains(t, out, "serverside-applied", out)
	return out
}

// At every step something goes wrong: the end is the same, stable's pods are the
// same after a way back, and no request fails.
func TestFaultsAtEveryStep(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 4))
	app := fixture.NewApp(t, "50%:2s,100%")
	app.Up()
	stop := app.Load()
	tell := func(stage rollout.Stage, fault string) { t.Logf("%s: %s", stage, fault) }
	applied(t, app, app.Manifest("v2"))
	require.Equal(t, rollout.Completed, through(t, app, random, tell).Phase)
	pods := app.Pods("v2")
	applied(t, app, app.Manifest("v3", "{name: STARTUP_DELAY, value: 1s}", "{name: NEVER_READY, value: always}", "progressDeadlineSeconds: 30", "progressDeadlineSeconds: 20"))
	require.Equal(t, rollout.RolledBack, through(t, app, random, tell).Phase)
	assert.Subset(t, app.Pods("v2"), pods[:2], "the same pods by name")
	noneFailed(t, stop())
}

// TestSoak makes random releases with faults for as long as EVENKEEL_SOAK says,
// or a minute.
func TestSoak(t *testing.T) {
	long, err := time.ParseDuration(cmp.Or(os.Getenv("EVENKEEL_SOAK"), "1m"))
	require.NoError(t, err)
	seed := uint64(4) // in the suite, the same releases each time
	if os.Getenv("EVENKEEL_SOAK") != "" {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	app := fixture.NewApp(t, "50%:2s,100%")
	app.Up()
	stop := app.Load()
	ends, happened := map[string]int{}, 0
	for version := 2; ctx.Err() == nil; version++ {
		edits := someRelease(random, version)
		if out := applied(t, app, app.Manifest("v2", edits...)); strings.Contains(out, "a plain rolling update: ") {
			quietly("", "kubectl", "-n", app.Namespace, "rollout", "status", "deployment/demo", "--timeout=30s") // one that never gets ready is followed by another
			ends["plain"]++
			continue
		}
		state := through(t, app, random, func(rollout.Stage, string) { happened++ })
		ends[state.Strategy+" "+string(state.Phase)]++
		fmt.Fprintf(os.Stderr, "%s  release %d: %s %s\n", time.Now().UTC().Format(time.TimeOnly), version-1, state.Strategy, state.Phase)
	}
	seen := stop()
	t.Logf("releases=%v faults=%d requests=%d failed=%d worst=%s", ends, happened, seen.Requests, seen.Failed, seen.Worst)
	assert.Zero(t, seen.Failed, strings.Join(seen.Failures, "\n"))
}

// someRelease gives the edits of one release: a strategy, and now and then a
// version that never becomes ready.
func someRelease(random *rand.Rand, version int) []string {
	env := fmt.Sprintf("{name: STARTUP_DELAY, value: 1s}, {name: RELEASE, value: %q}", fmt.Sprint(version))
	if random.IntN(4) == 0 {
		env = fmt.Sprintf("{name: NEVER_READY, value: always}, {name: RELEASE, value: %q}", fmt.Sprint(version))
	}
	edits := []string{"{name: STARTUP_DELAY, value: 1s}", env, "progressDeadlineSeconds: 30", "progressDeadlineSeconds: 20"}
	steps := `evenkeel.dev/steps: "50%:2s,100%"`
	switch random.IntN(5) {
	case 0:
		return append(edits, released("batch")...)
	case 1:
		return append(edits, "evenkeel.dev/strategy: canary, "+steps, `evenkeel.dev/strategy: blue-green, evenkeel.dev/steps: "0%/100%:2s,100%"`)
	case 2:
		return append(edits, released("canary", "evenkeel.dev/capacity: replace")...)
	case 3:
		return append(edits, released("canary", `evenkeel.dev/match: "header:x-group=beta"`)...)
	default:
		return append(edits, released("canary")...)
	}
}
