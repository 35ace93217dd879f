// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
	"github.com/evenkeel-dev/evenkeel/test/load"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// faults are what happens at random; a person's word comes as often.
var faults = []fault{
	leaderKilled, bothKilled, leaderChanges, leaderHandsOn, apiKilled,
	routeApplied, weightsTaken, serviceWidened, serviceDeleted, scaled(3), scaled(2),
}

// words are what people say to a release; whatever makes no sense where it stands
// is refused.
var words = []fault{
	{"another template", func(_ *testing.T, app *fixture.App) {
		quietly("", "kubectl", "-n", app.Namespace, "set", "env", "deployment/demo", fmt.Sprint("THIRD=", time.Now().UnixMilli()))
	}},
	{"undo", func(_ *testing.T, app *fixture.App) {
		quietly("", "kubectl", "-n", app.Namespace, "rollout", "undo", "deployment/demo")
	}},
	{"pause and resume", func(_ *testing.T, app *fixture.App) {
		quietly("", "kubectl", "-n", app.Namespace, "rollout", "pause", "deployment/demo")
		time.Sleep(time.Second)
		resumed(app)
	}},
	{"skip", func(_ *testing.T, app *fixture.App) {
		quietly("", "kubectl", "-n", app.Namespace, "annotate", "deployment", "demo", "evenkeel.dev/action=skip")
	}},
}

// resumed lets a release go on, or finds that nothing held it.
func resumed(app *fixture.App) {
	for range 30 {
		out, err := fixture.Run("", "kubectl", "-n", app.Namespace, "rollout", "resume", "deployment/demo")
		if err == nil || strings.Contains(out, "is not paused") {
			return
		}
		time.Sleep(time.Second)
	}
}

// through follows a release to its end and lets something happen each time that it
// enters a stage. It gives the last state.
func through(t *testing.T, app *fixture.App, random *rand.Rand, tell func(happened string)) rollout.State {
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
			some := faults
			if random.IntN(3) == 0 {
				some = words
			}
			one := some[random.IntN(len(some))]
			tell(one.name)
			one.do(t, app)
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
		return err == nil || !fixture.Unheard(out, err) && !strings.Contains(out, "failed calling webhook")
	}, time.Minute, time.Second, out)
	require.Contains(t, out, "serverside-applied", out)
	return out
}

// TestSoak makes random releases with faults for as long as EVENKEEL_SOAK says,
// or 20 seconds: in the suite the matrix has the faults.
func TestSoak(t *testing.T) {
	long, err := time.ParseDuration(cmp.Or(os.Getenv("EVENKEEL_SOAK"), "20s"))
	require.NoError(t, err)
	seed := uint64(4) // in the suite, the same releases each time
	if os.Getenv("EVENKEEL_SOAK") != "" {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	apps, stops := soaked(t)
	ends, happened := map[string]int{}, map[string]int{}
	for version := 2; ctx.Err() == nil; version++ {
		app := apps[0]
		if version%5 == 0 {
			app = apps[len(apps)-1]
		}
		app.WaitFor("whatever a person has begun", func(s rollout.State) bool { return !s.InFlight() })
		quietly("", "kubectl", "-n", app.Namespace, "annotate", "deployment", "demo", "evenkeel.dev/capacity-", "evenkeel.dev/match-") // an undo brought them back
		edits := someRelease(random, version)
		if out := applied(t, app, app.Manifest("v2", edits...)); strings.Contains(out, "a plain rolling update: ") {
			quietly("", "kubectl", "-n", app.Namespace, "rollout", "status", "deployment/demo", "--timeout=30s") // one that never gets ready is followed by another
			ends["plain"]++
			continue
		}
		state := through(t, app, random, func(what string) { happened[what]++ })
		ends[state.Strategy+" "+string(state.Phase)]++
		fmt.Fprintf(os.Stderr, "%s  release %d: %s %s\n", time.Now().UTC().Format(time.TimeOnly), version-1, state.Strategy, state.Phase)
	}
	requests, failed, worst := 0, 0, time.Duration(0)
	for _, stop := range stops {
		seen := stop()
		requests, failed, worst = requests+seen.Requests, failed+seen.Failed, max(worst, seen.Worst)
		assert.Zero(t, seen.Failed, strings.Join(seen.Failures, "\n"))
	}
	t.Logf("happened=%v", happened)
	t.Logf("releases=%v requests=%d failed=%d worst=%s", ends, requests, failed, worst)
}

// soaked are the applications that are released, under load: one with an HTTPRoute
// and, where there is time, one with an Ingress.
func soaked(t *testing.T) (apps []*fixture.App, stops []func() load.Counts) {
	t.Helper()
	apps = []*fixture.App{fixture.NewApp(t, "50%:2s,100%")}
	if os.Getenv("EVENKEEL_SOAK") != "" {
		apps = append(apps, fixture.NewAppOf(t, "soak-ingress", "50%:2s,100%"))
		apps[1].Ingress = fixture.Nginx
	}
	for _, app := range apps {
		app.Up()
		stops = append(stops, app.Load())
	}
	return apps, stops
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
