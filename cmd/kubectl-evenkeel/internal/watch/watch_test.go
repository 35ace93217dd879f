// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/act"
	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/flight"
	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/golden"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// stepping is in the midst of its second step; change makes another of it.
func stepping(change func(*flight.Flight)) flight.Flight {
	f := flight.Flight{
		Kind: flight.Deployment, Namespace: "shop", Name: "demo", Strategy: rollout.Canary, Phase: rollout.Stepping, Stage: rollout.StageDwell, Step: 1, Steps: "20%:10m,50%:10m,100%",
		Weight: 50, Replicas: 10, Stable: flight.Pods{Version: "demo-6d4b8f", Ready: 10, Asked: 10}, Canary: flight.Pods{Version: "demo-7f9c55", Ready: 4, Asked: 5},
		Since: now.Add(-4 * time.Minute), Ends: now.Add(6 * time.Minute), Wait: "the step's time is over", Reversible: true,
	}
	if change != nil {
		change(&f)
	}
	if f.Phase != rollout.Stepping || f.Stage != rollout.StageDwell {
		f.Ends = time.Time{}
	}
	return f
}

func model(sight flight.Sight) Model {
	m := Model{Target: flight.Ref{Kind: flight.Deployment, Name: "demo"}, Now: now, Width: 80, Tell: func(flight.Flight, act.Verb) ([]string, error) { return nil, nil }}
	after, _ := m.Update(sight)
	return after.(Model)
}

func pressed(m Model, keys ...string) (Model, tea.Cmd) {
	var cmd tea.Cmd
	var next tea.Model = m
	for _, key := range keys {
		press := tea.KeyPressMsg{Text: key, Code: rune(key[0])}
		if key == "esc" {
			press = tea.KeyPressMsg{Code: tea.KeyEscape}
		}
		next, cmd = next.Update(press)
	}
	return next.(Model), cmd
}

func TestScreens(t *testing.T) {
	for name, row := range map[string]struct {
		sight flight.Sight
		keys  []string
		also  tea.Msg
		width int
	}{
		"stepping": {sight: flight.Sight{Flight: stepping(nil)}},
		"waiting for a person": {sight: flight.Sight{Flight: stepping(func(f *flight.Flight) {
			f.Ends = f.Since.Add(5 * time.Second)
			f.Steps, f.Wait, f.Match, f.Mirror = "20%:10m,50%:pause,100%", "a person says so (annotation evenkeel.dev/action: continue, skip or rollback)", "header:x-group=beta", 10
		})}},
		"least time of a pause": {sight: flight.Sight{Flight: stepping(func(f *flight.Flight) {
			f.Steps, f.Ends = "20%:10m,50%:pause,100%", now.Add(16*time.Minute)
		})}},
		"waiting for evidence": {sight: flight.Sight{Flight: stepping(func(f *flight.Flight) {
			f.Since, f.Ends, f.Wait = now.Add(-11*time.Minute), now.Add(-time.Minute), `analysis "latency" passes in this step`
			f.Measurements = []flight.Measurement{{Analysis: "latency", Verdict: "Inconclusive", Says: "no data: 12 of 100 requests", At: now.Add(-12 * time.Second)}}
		})}},
		"waiting for a window": {sight: flight.Sight{Flight: stepping(func(f *flight.Flight) {
			f.Since, f.Ends, f.Wait = now.Add(-11*time.Minute), now.Add(-time.Minute), "the release window opens (Mon 2026-11-23 09:00 Europe/Berlin)"
		})}},
		"waiting for a place": {sight: flight.Sight{Flight: stepping(func(f *flight.Flight) {
			f.Since, f.Ends, f.Wait = now.Add(-11*time.Minute), now.Add(-time.Minute), `a place for releases in namespace "shop" is free (budget.namespace: 1)`
		})}},
		"held": {sight: flight.Sight{Flight: stepping(func(f *flight.Flight) {
			f.Held, f.Ends, f.Wait = true, time.Time{}, "a person holds the rollout (kubectl rollout resume goes on)"
		})}},
		"measured": {sight: flight.Sight{Flight: stepping(func(f *flight.Flight) {
			f.Measurements = []flight.Measurement{
				{Analysis: "success-rate", Verdict: "Passed", Says: "99.94 % of 1,204 requests, at least 99 %", At: now.Add(-12 * time.Second)},
				{Analysis: "latency", Verdict: "Failed", Says: "p99 is 812 ms, at most 500 ms", At: now.Add(-12 * time.Second)},
			}
		})}},
		"unwell": {sight: flight.Sight{Flight: stepping(func(f *flight.Flight) {
			f.Stage, f.Ends, f.Wait, f.Canary.Ready = rollout.StageScale, time.Time{}, "the canary's pods are ready", 0
			f.Unwell = `container "app" of pod "demo-7f9c55-x2x7q" does not start (ImagePullBackOff): Back-off pulling image "demo:v9"; 5 of 5 pods are not ready`
		})}},
		"rolling back": {sight: flight.Sight{Flight: stepping(func(f *flight.Flight) {
			f.Reversible = false
			f.Phase, f.Stage, f.Weight, f.Wait, f.Canary.Ready, f.Canary.Asked = rollout.RollingBack, rollout.StageRestore, 0, "the canary's pods are gone", 0, 2
			f.Reason, f.Since = "no canary pod is ready while traffic goes to them", now.Add(-7*time.Second)
		})}},
		"rolled back": {sight: flight.Sight{Flight: stepping(func(f *flight.Flight) {
			f.Reversible = false
			f.Phase, f.Stage, f.Weight, f.Wait, f.Reason = rollout.RolledBack, "", 0, "", "a person asked for it"
		})}},
		"completed": {sight: flight.Sight{Flight: stepping(func(f *flight.Flight) {
			f.Reversible = false
			f.Phase, f.Stage, f.Step, f.Weight, f.Wait = rollout.Completed, "", 2, 100, ""
		})}},
		"unreadable": {sight: flight.Sight{Flight: flight.Flight{Kind: flight.Deployment, Namespace: "shop", Name: "demo", Unread: "cannot read annotation evenkeel.dev/rollout: unexpected end of JSON input"}}},
		"batches": {sight: flight.Sight{Flight: stepping(func(f *flight.Flight) {
			f.Kind, f.Name, f.Strategy, f.Stage, f.Step, f.Steps, f.Weight = flight.StatefulSet, "db", rollout.Batch, "batch", 0, "34%,100%", 33
			f.Stable, f.Canary, f.Wait = flight.Pods{Version: "db-1", Ready: 2, Asked: 2}, flight.Pods{Version: "db-2", Asked: 1}, "the batch's pods are new and ready"
		})}},
		"rolling update": {sight: flight.Sight{Flight: stepping(func(f *flight.Flight) {
			f.Strategy, f.Stage, f.Steps, f.Step, f.Wait = rollout.Rolling, rollout.StageRoll, "", 0, "the rolling update is finished"
		})}},
		"many pods":   {sight: flight.Sight{Flight: stepping(func(f *flight.Flight) { f.Stable = flight.Pods{Version: "demo-6d4b8f", Ready: 990, Asked: 1000} })}},
		"narrow":      {sight: flight.Sight{Flight: stepping(nil)}, width: 40},
		"wide":        {sight: flight.Sight{Flight: stepping(nil)}, width: 300},
		"nothing":     {sight: flight.Sight{Flight: flight.Flight{Kind: flight.Deployment, Namespace: "shop", Name: "demo"}}},
		"not there":   {sight: flight.Sight{Gone: true}},
		"not seen":    {sight: flight.Sight{Err: errors.New("cannot watch: deployments.apps is forbidden")}},
		"back, sure?": {sight: flight.Sight{Flight: stepping(nil)}, keys: []string{"r"}},
		"back, sure, failing?": {sight: flight.Sight{Flight: stepping(func(f *flight.Flight) {
			f.Measurements = []flight.Measurement{
				{Analysis: "success-rate", Verdict: "Passed", Says: "99.94 % of 1,204 requests, at least 99 %", At: now.Add(-12 * time.Second)},
				{Analysis: "latency", Verdict: "Failed", Says: "p99 is 812 ms, at most 500 ms", At: now.Add(-12 * time.Second)},
			}
		})}, keys: []string{"r"}},
		"skip, sure?": {sight: flight.Sight{Flight: stepping(nil)}, keys: []string{"s"}},
		"refused": {sight: flight.Sight{Flight: stepping(nil)}, also: Answer{Verb: act.Continue, Err: errors.New(
			`admission webhook "deployments-guarded.evenkeel.dev" denied the request: evenkeel: action "continue": no step waits for a person now (the rollout is Stepping, dwell)`)}},
		"told": {sight: flight.Sight{Flight: stepping(nil)}, also: Answer{Verb: act.Rollback, Warnings: []string{"evenkeel: going back to demo-6d4b8f"}}},
	} {
		t.Run(name, func(t *testing.T) {
			m := model(row.sight)
			if row.width > 0 {
				after, _ := m.Update(tea.WindowSizeMsg{Width: row.width})
				m = after.(Model)
			}
			m, _ = pressed(m, row.keys...)
			if row.also != nil {
				after, _ := m.Update(row.also)
				m = after.(Model)
			}
			file, plain := strings.NewReplacer(" ", "-", ",", "", "?", "").Replace(name), m.Text()
			golden.Equal(t, file, plain)
			m.Style.Colors = true
			golden.Equal(t, "ansi/"+file, m.Text())
			assert.NotEqual(t, m.Text(), plain, "colours are there")
			assert.Equal(t, plain, ansi.Strip(m.Text()), "and nothing else")
		})
	}
}

// What needs no question is said at once, the rest after a y.
func TestKeys(t *testing.T) {
	held := stepping(func(f *flight.Flight) { f.Held = true })
	ended := stepping(func(f *flight.Flight) { f.Phase = rollout.RolledBack; f.Reversible = false })
	for name, row := range map[string]struct {
		flight flight.Flight
		keys   []string
		want   act.Verb
	}{
		"continue":              {stepping(nil), []string{"c"}, act.Continue},
		"hold":                  {stepping(nil), []string{"h"}, act.Hold},
		"go on":                 {held, []string{"h"}, act.Resume},
		"back needs a yes":      {stepping(nil), []string{"r"}, ""},
		"back":                  {stepping(nil), []string{"r", "y"}, act.Rollback},
		"skip":                  {stepping(nil), []string{"s", "y"}, act.Skip},
		"not back":              {stepping(nil), []string{"r", "n"}, ""},
		"a key is no yes":       {stepping(nil), []string{"r", "c"}, ""},
		"a question asked once": {stepping(nil), []string{"r", "n", "y"}, ""},
		"nothing in flight":     {ended, []string{"c"}, ""},
		"no way on, unread":     {flight.Flight{Unread: "why"}, []string{"c"}, ""},
		"a way back, unread":    {flight.Flight{Unread: "why"}, []string{"r", "y"}, act.Rollback},
		"another key":           {stepping(nil), []string{"x"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := model(flight.Sight{Flight: row.flight})
			var told act.Verb
			m.Tell = func(seen flight.Flight, verb act.Verb) ([]string, error) {
				assert.Equal(t, row.flight, seen)
				told = verb
				return []string{"mind the gap"}, nil
			}
			m, cmd := pressed(m, row.keys...)
			if cmd != nil {
				assert.Contains(t, m.Text(), "saying ")
				assert.Equal(t, Answer{Verb: row.want, Warnings: []string{"mind the gap"}}, cmd())
			}
			assert.Equal(t, row.want, told)
		})
	}
	for _, key := range []string{"q", "esc"} {
		_, cmd := pressed(model(flight.Sight{Flight: stepping(nil)}), key)
		assert.Equal(t, tea.QuitMsg{}, cmd())
	}
}

// What ends while it is watched ends the watching, and nothing else does.
func TestTheEnd(t *testing.T) {
	done := stepping(func(f *flight.Flight) { f.Phase = rollout.Completed })
	_, ended := model(flight.Sight{Flight: done}).Ended()
	assert.False(t, ended, "it had ended before")

	m := model(flight.Sight{Flight: stepping(nil)})
	after, cmd := m.Update(flight.Sight{Flight: done})
	assert.Equal(t, tea.QuitMsg{}, cmd())
	f, ended := after.(Model).Ended()
	assert.True(t, ended)
	assert.Equal(t, done, f)
}

// The clock makes the bar grow.
func TestTheClock(t *testing.T) {
	m := model(flight.Sight{Flight: stepping(nil)})
	after, cmd := m.Update(Tick(now.Add(3 * time.Minute)))
	assert.NotNil(t, cmd)
	assert.Contains(t, m.Text(), "goes on in 6m0s")
	assert.Contains(t, after.(Model).Text(), "goes on in 3m0s")
	assert.NotNil(t, m.Init())
}

func TestLines(t *testing.T) {
	forbidden := fmt.Errorf("cannot watch: %w", apierrors.NewForbidden(schema.GroupResource{Resource: "deployments"}, "", errors.New("you are nobody")))
	back := stepping(func(f *flight.Flight) { f.Phase, f.Reason = rollout.RolledBack, "a person asked for it" })
	for name, row := range map[string]struct {
		sights []flight.Sight
		want   rollout.Phase
		says   string
	}{
		"a story": {[]flight.Sight{
			{Flight: stepping(nil)}, {Flight: stepping(nil)}, {Err: errors.New("cannot watch: no")}, {Flight: flight.Flight{Unread: "cannot read it"}},
			{Flight: stepping(func(f *flight.Flight) { f.Canary.Ready = 5 })}, {Flight: back}, {Flight: stepping(nil)},
		}, rollout.RolledBack, ""},
		"ended before": {[]flight.Sight{{Flight: back}}, rollout.RolledBack, ""},
		"completed":    {[]flight.Sight{{Flight: stepping(func(f *flight.Flight) { f.Phase = rollout.Completed })}}, rollout.Completed, ""},
		"never begun":  {[]flight.Sight{{}}, "", ""},
		"gone":         {[]flight.Sight{{Flight: stepping(nil)}, {Gone: true}}, rollout.Stepping, "the workload is not there"},
		"forbidden":    {[]flight.Sight{{Err: forbidden}}, "", forbidden.Error()},
		"interrupted":  {[]flight.Sight{{Flight: stepping(nil)}}, rollout.Stepping, ""},
	} {
		t.Run(name, func(t *testing.T) {
			sights := make(chan flight.Sight, len(row.sights))
			for _, sight := range row.sights {
				sights <- sight
			}
			close(sights)
			var out bytes.Buffer
			f, err := Lines(&out, sights, func() time.Time { return now })
			assert.Equal(t, row.want, f.Phase)
			golden.Equal(t, "lines-"+strings.ReplaceAll(name, " ", "-"), out.String())
			if row.says == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, row.says)
		})
	}
}
