// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client/config"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// at is what happens in a stage of a release: these faults, one after the other,
// at its first entry, and these at the next ones.
type at map[rollout.Stage][][]fault

// matrix are the releases in which something goes wrong at every stage. Not each
// pair fits into the suite's time, and a short stage may be over before a fault is
// made: which pairs there were is printed.
var matrix = []struct {
	name, version string
	edits         []string
	at            at
	end           rollout.Phase
}{
	{"to the end", "v2", nil, at{
		rollout.StagePrepare: {{leaderKilled}},
		rollout.StageScale:   {{bothKilled}},
		rollout.StageShift:   {{apiKilled}},
		rollout.StageDwell:   {{serviceDeleted, goesOn}, {leaderChanges}},
		rollout.StageService: {{routeApplied}},
		rollout.StageRoute:   {{leaderKilled}},
		rollout.StageDrain:   {{serviceDeleted}},
		rollout.StageRelease: {{routeApplied, leaderChanges}},
		rollout.StageWiden:   {{scaled(3)}},
	}, rollout.Completed},
	{"undone at the last moment", "v3", nil, at{
		rollout.StagePrepare:  {{routeApplied}},
		rollout.StageScale:    {{scaled(3)}},
		rollout.StageShift:    {{serviceDeleted}},
		rollout.StageDwell:    {{goesOn}},
		rollout.StageService:  {{bothKilled}},
		rollout.StageRoute:    {{scaled(4)}}, // only ever more: of fewer, nobody says which pods stay
		rollout.StageDrain:    {{paused, apiKilled, undone}},
		rollout.StageReopen:   {{routeApplied, leaderKilled}},
		rollout.StageReturn:   {{leaderChanges, scaled(5)}},
		rollout.StageWithdraw: {{apiKilled}},
		rollout.StageRestore:  {{leaderChanges}},
		rollout.StageWiden:    {{bothKilled}},
	}, rollout.RolledBack},
	{"taken back from half, without room", "v3", append(released("canary", "evenkeel.dev/capacity: replace"), matrixSteps, "50%:pause,100%", "value: 1s", "value: 900ms"), at{
		rollout.StageDwell:    {{leaderKilled, takenBack}},
		rollout.StageMix:      {{routeApplied, bothKilled}},
		rollout.StageWithdraw: {{serviceDeleted}},
		rollout.StageRestore:  {{apiKilled}},
	}, rollout.RolledBack},
}

const matrixSteps = "0%/50%:pause,50%:1s,100%"

// What a person says in between.
var (
	goesOn = fault{do: func(_ *testing.T, app *fixture.App) {
		waitForAPerson(app, 0)
		app.Insist("annotate", "deployment", "demo", "evenkeel.dev/action=continue")
	}}
	paused = fault{do: func(_ *testing.T, app *fixture.App) { app.Insist("rollout", "pause", "deployment/demo") }}
	undone = fault{do: func(_ *testing.T, app *fixture.App) {
		app.Insist("rollout", "resume", "deployment/demo")
		app.Insist("rollout", "undo", "deployment/demo")
	}}
	takenBack = fault{do: func(_ *testing.T, app *fixture.App) {
		waitForAPerson(app, 50)
		app.Insist("annotate", "deployment", "demo", "evenkeel.dev/action=rollback")
	}}
)

// At every persisted step something goes wrong: the end is the same, stable's pods
// are the same by name after a way back, and no request fails.
func TestFaultsAtEveryStep(t *testing.T) {
	app := fixture.NewApp(t, matrixSteps)
	app.Up()
	stop, seen := app.Load(), pairs{}
	before := app.Specs("service", "httproute")
	for _, release := range matrix {
		app.Insist("scale", "deployment", "demo", fmt.Sprint("--replicas=", app.Replicas)) // the last release was scaled
		app.Kubectl("rollout", "status", "deployment/demo", "--timeout=90s")
		stable := app.Pods("v2")
		applied(t, app, app.Manifest(release.version, append(release.edits, "progressDeadlineSeconds: 30", "progressDeadlineSeconds: 90")...))
		t.Log(release.name)
		state := happening(t, app, release.at, seen)
		require.Equal(t, release.end, state.Phase, "%s: %s", release.name, state)
		assert.Equal(t, before, app.Specs("service", "httproute"), release.name)
		if release.version == "v3" && release.edits == nil { // without room stable gives pods
			assert.Subset(t, app.Pods("v2"), stable, "the same pods by name")
		}
	}
	require.Eventually(t, func() bool { return len(app.Pods("v2")) == 2 && len(app.Pods("v3")) == 0 }, waitShort, pollShort, "as many as before")
	noneFailed(t, stop())
	seen.covered(t)
}

// happening follows a release to its end, and lets happen what is due at each entry
// of a stage. It gives the last state.
func happening(t *testing.T, app *fixture.App, due at, seen pairs) rollout.State {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	stage, entries := rollout.Stage(""), map[rollout.Stage]int{}
	for state := range states(ctx, t, app) {
		if !state.InFlight() {
			return state
		}
		if state.Stage == stage {
			continue
		}
		stage = state.Stage
		if n := entries[stage]; n < len(due[stage]) {
			seen.happen(t, app, stage, due[stage][n])
		}
		entries[stage]++
	}
	require.Fail(t, "a release has not ended", "%s", app.State())
	return rollout.State{}
}

// states gives every state that is written, from the present one on; it outlives
// the API server.
func states(ctx context.Context, t *testing.T, app *fixture.App) <-chan rollout.State {
	t.Helper()
	cfg, err := config.GetConfig()
	require.NoError(t, err)
	world, err := kubernetes.NewForConfig(cfg)
	require.NoError(t, err)
	out := make(chan rollout.State, 100)
	go func() {
		defer close(out)
		for ; ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
			seen, err := world.AppsV1().Deployments(app.Namespace).Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=demo"})
			if err != nil {
				continue
			}
			for event := range seen.ResultChan() {
				if d, is := event.Object.(*appsv1.Deployment); is {
					state, _ := rollout.ParseState(d.Annotations[rollout.StateAnnotation])
					out <- state
				}
			}
		}
	}()
	return out
}

// pairs are the faults that were seen in each stage.
type pairs map[rollout.Stage][]string

// happen lets things happen once a stage was seen, one after the other, and tells
// where each of them met the release, which may be a stage further, and left it.
func (p pairs) happen(t *testing.T, app *fixture.App, stage rollout.Stage, due []fault) {
	t.Helper()
	for _, one := range due {
		if one.name == "" {
			one.do(t, app)
			continue
		}
		met := app.State().Stage
		one.do(t, app)
		p[met] = append(p[met], one.name)
		t.Logf("  in %-8s  %s; afterwards it is in %s", cmp.Or(met, "none"), one.name, cmp.Or(app.State().Stage, "no stage any more"))
	}
}

// covered prints which fault met which stages, and asserts that it was no mere
// handful: how far a release comes while a fault is made differs each time.
func (p pairs) covered(t *testing.T) {
	t.Helper()
	stages, met := map[string][]string{}, 0
	for stage, faults := range p {
		slices.Sort(faults)
		for _, fault := range slices.Compact(faults) {
			if stage != "" {
				stages[fault], met = append(stages[fault], string(stage)), met+1
			}
		}
	}
	for _, fault := range slices.Sorted(maps.Keys(stages)) {
		slices.Sort(stages[fault])
		t.Logf("%-32s %s", fault, strings.Join(stages[fault], " "))
	}
	t.Logf("%d pairs of a fault and a stage, in %d stages", met, len(p))
	assert.Len(t, stages, 7, "every fault met a release")
	assert.GreaterOrEqual(t, met, 15)
	assert.GreaterOrEqual(t, len(p), 9)
}
