// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// interval is that of the analyses in these tests.
const interval = 30 * time.Second

// gauge is an analysis as a world has it: what it says of a weight, each interval
// that the rollout wants it measured. Of "" there is no measurement at all.
type gauge struct {
	says  func(weight int, at time.Duration) Verdict
	begun time.Time
	last  Measurement
}

func (g *gauge) measure(w *world) map[string]Measurement {
	wanted := w.state.Measured()
	if len(wanted) == 0 {
		return nil
	}
	from := w.state.Since
	if g.last.At.After(from) {
		from = g.last.At
	}
	if at := from.Add(interval); !w.now.Before(at) {
		if verdict := g.says(w.state.Weight, w.now.Sub(g.begun)); verdict != "" {
			g.last = Measurement{At: w.now, Verdict: verdict, Says: "it is " + strings.ToLower(string(verdict))}
		}
	}
	if g.last.At.IsZero() {
		return nil
	}
	return map[string]Measurement{wanted[0].Name: g.last}
}

// watchedWorld is a canary that an analysis watches.
func watchedWorld(steps string, edit func(*State)) *world {
	w := canaryWorld(4, steps)
	w.state.Analyses = []Analysis{{Name: "success-rate", Interval: Duration(interval)}}
	if edit != nil {
		edit(&w.state)
	}
	return w
}

// follow lets a world go on for a time, or to its end, and gives its Events.
func follow(t *testing.T, w *world, g *gauge, d time.Duration) (events []Event) {
	t.Helper()
	if g.begun.IsZero() {
		g.begun = w.now
	}
	for end := w.now.Add(d); w.now.Before(end) && w.state.InFlight(); {
		s := w.snapshot()
		s.Measurements = g.measure(w)
		decision := Decide(s, w.now)
		if decision.Event != nil {
			events = append(events, *decision.Event)
		}
		if decision.State.Equal(w.state) {
			w.reconcile(all) // what it promises
		} else {
			w.write(decision.State)
		}
		w.stock()
		w.becomeReady()
		w.pass(time.Second)
		w.check()
		require.Empty(t, w.broken)
	}
	return events
}

func always(v Verdict) func(int, time.Duration) Verdict {
	return func(int, time.Duration) Verdict { return v }
}

func reasons(events []Event, prefix string) (out []string) {
	for _, event := range events {
		if strings.HasPrefix(event.Reason, prefix) {
			out = append(out, event.Reason)
		}
	}
	return out
}

// counted writes each that is repeated once, and how often: "AnalysisFailed 3".
func counted(all []string) (out []string) {
	for i := 0; i < len(all); {
		n := 1
		for i+n < len(all) && all[i+n] == all[i] {
			n++
		}
		out = append(out, fmt.Sprint(all[i], " ", n))
		i += n
	}
	return out
}

func TestWhatEvidenceLeadsTo(t *testing.T) {
	onHold := func(s *State) { s.OnFailure = OnFailureHold }
	for name, row := range map[string]struct {
		steps string
		edit  func(*State)
		says  func(weight int, at time.Duration) Verdict
		phase Phase
		// reason is how a rollback's begins, wait how that of one in flight does.
		reason, wait string
		events       []string
	}{
		"it passes: on by the steps, each told once": {
			steps: "20%:2m,100%", says: always(Passed), phase: Completed, events: []string{"AnalysisPassed 2"},
		},
		"a step shorter than the interval has its evidence first": {
			steps: "20%,50%,100%", says: always(Passed), phase: Completed, events: []string{"AnalysisPassed 3"},
		},
		"it fails: back, with what it says": {
			steps: "20%:2m,100%", says: always(Failed), phase: RolledBack, events: []string{"AnalysisFailed 1"},
			reason: `analysis "success-rate" failed 1 times in a step, and may 0 times: it is failed`,
		},
		"it fails as often as it may, and passes then": {
			steps: "20%:5m,100%", edit: func(s *State) { s.Analyses[0].FailureLimit = 2 }, phase: Completed,
			says: func(weight int, at time.Duration) Verdict {
				if weight == 20 && at < 90*time.Second {
					return Failed
				}
				return Passed
			}, events: []string{"AnalysisFailed 2", "AnalysisPassed 2"},
		},
		"it fails more often than it may, with passes in between": {
			steps: "20%:20m,100%", edit: func(s *State) { s.Analyses[0].FailureLimit = 2 }, phase: RolledBack,
			says: func(_ int, at time.Duration) Verdict {
				if int(at/interval)%2 == 0 {
					return Failed
				}
				return Passed
			}, reason: `analysis "success-rate" failed 3 times in a step, and may 2 times`,
		},
		"it fails at the last step": {
			steps: "20%,100%", phase: RolledBack, reason: `analysis "success-rate" failed 1 times`,
			says: func(weight int, _ time.Duration) Verdict {
				return map[bool]Verdict{true: Failed, false: Passed}[weight == 100]
			},
		},
		"it fails, for a person to decide": {
			steps: "20%:2m,100%", edit: onHold, says: always(Failed), phase: Stepping, wait: waitFailed("success-rate"), events: []string{"AnalysisFailed 119"},
		},
		"it says nothing: the step holds, then back at its deadline": {
			steps: "20%:2m,100%", says: always(Inconclusive), phase: RolledBack, events: []string{"AnalysisInconclusive 11"},
			reason: `waited 5m for this to happen: analysis "success-rate" can tell again whether the canary is well`,
		},
		"it says nothing, for a person to decide": {
			steps: "20%:2m,100%", edit: onHold, says: always(Inconclusive), phase: Stepping, wait: waitDecision(waitUnclear("success-rate")), events: []string{"AnalysisInconclusive 119"},
		},
		"it says nothing as often in a row as it may": {
			steps: "20%:2m,100%", edit: func(s *State) { s.Analyses[0].InconclusiveLimit = 2 }, phase: Completed,
			says: func(_ int, at time.Duration) Verdict {
				if int(at/interval)%3 == 0 {
					return Passed
				}
				return Inconclusive
			}, events: []string{"AnalysisInconclusive 2", "AnalysisPassed 1", "AnalysisInconclusive 4", "AnalysisPassed 1"},
		},
		"there is no measurement at all: back at the deadline": {
			steps: "20%,100%", says: always(""), phase: RolledBack, reason: `waited 5m for this to happen: analysis "success-rate" passes in this step`,
		},
		"it only tells": {
			steps: "20%:2m,100%:2m", edit: func(s *State) { s.Analyses[0].DryRun = true }, says: always(Failed), phase: Completed, events: []string{"AnalysisFailed 8"},
		},
		"what only compares has nothing to say at 100%": {
			steps: "20%,100%", edit: func(s *State) { s.Analyses[0].Compares = true }, says: always(Passed), phase: Completed, events: []string{"AnalysisPassed 1"},
		},
		"a step without traffic needs none": {
			steps: "0%,100%", says: always(Passed), phase: Completed, events: []string{"AnalysisPassed 1"},
		},
		"a group's requests are traffic": {
			steps: "0%,100%", edit: func(s *State) { s.Match = "header:a=b" }, says: always(Failed), phase: RolledBack, reason: `analysis "success-rate" failed`,
		},
		"copies of requests are traffic": {
			steps: "0%,100%", edit: func(s *State) { s.Mirror = 10 }, says: always(Failed), phase: RolledBack, reason: `analysis "success-rate" failed`,
		},
		"pods alone": {
			steps: "25%,100%", edit: func(s *State) { s.Services, s.Backends, s.Routes = nil, nil, nil }, says: always(Failed), phase: RolledBack, reason: `analysis "success-rate" failed`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := watchedWorld(row.steps, row.edit)
			events := follow(t, w, &gauge{says: row.says}, time.Hour)
			assert.Equal(t, row.phase, w.state.Phase, w.state)
			assert.True(t, strings.HasPrefix(w.state.Reason, row.reason), w.state.Reason)
			if row.wait != "" {
				assert.Equal(t, row.wait, w.state.Wait)
			}
			if row.events != nil {
				assert.Equal(t, row.events, counted(reasons(events, "Analysis")))
			}
		})
	}
}

// A failing version goes back within two intervals of the step, and the Event has
// the numbers.
func TestAFailureGoesBackWithinTwoIntervals(t *testing.T) {
	w := watchedWorld("20%:10m,100%", func(s *State) { s.Analyses[0].FailureLimit = 1 })
	var accepted time.Time
	g := &gauge{says: always(Failed)}
	for w.state.Phase != RollingBack {
		events := follow(t, w, g, time.Second)
		if w.state.Stage == StageDwell && accepted.IsZero() {
			accepted = w.now
		}
		for _, event := range events {
			if event.Reason == "RolloutRollingBack" {
				assert.Contains(t, event.Message, "it is failed")
			}
		}
	}
	assert.LessOrEqual(t, w.now.Sub(accepted), 2*interval+5*time.Second)
}

// standing is a canary on its first step, with one measurement to come.
func standing(t *testing.T, steps string, edit func(*State)) (*world, Snapshot) {
	t.Helper()
	w := watchedWorld(steps, edit)
	for w.state.Stage != StageDwell {
		follow(t, w, &gauge{says: always("")}, time.Second)
	}
	w.pass(interval)
	return w, w.snapshot()
}

func TestAMeasurementCountsOnceAndWhereItBelongs(t *testing.T) {
	w, s := standing(t, "20%:10m,100%", func(s *State) { s.Analyses[0].FailureLimit = 9 })
	s.Measurements = map[string]Measurement{"success-rate": {At: w.now, Verdict: Failed, Says: "a"}, "another": {At: w.now, Verdict: Failed}}
	first := Decide(s, w.now)
	require.Equal(t, 1, first.State.Analyses[0].Failed)
	assert.Zero(t, s.State.Analyses[0].Failed, "the snapshot's own is not touched")
	s.State = first.State
	assert.True(t, Decide(s, w.now).State.Equal(first.State), "the same again is not taken twice")

	parsed, err := ParseState(first.State.String())
	require.NoError(t, err)
	assert.True(t, parsed.Equal(first.State))

	s.Measurements["success-rate"] = Measurement{At: w.state.Since.Add(-time.Second), Verdict: Failed}
	s.State = w.state
	assert.Zero(t, Decide(s, w.now).State.Analyses[0].Failed, "it was measured before the weight was accepted")

	s.Measurements["success-rate"] = Measurement{At: w.now, Verdict: Passed, Says: strings.Repeat("é", 1000)}
	says := Decide(s, w.now).State.Analyses[0].Last.Says
	assert.LessOrEqual(t, len(says), maxSays)
	assert.True(t, strings.HasSuffix(says, "é..."))
}

// What is not known makes the step's own time stand still.
func TestAnUnclearStepStandsStill(t *testing.T) {
	w, _ := standing(t, "20%:4m,100%", nil)
	since := w.state.Since
	says := Inconclusive
	g := &gauge{says: func(int, time.Duration) Verdict { return says }}
	follow(t, w, g, 3*time.Minute)
	require.Equal(t, waitUnclear("success-rate"), w.state.Wait)
	says = Passed
	follow(t, w, g, time.Minute)
	assert.Equal(t, stageWaits[StageDwell], w.state.Wait)
	assert.Greater(t, w.state.Since.Sub(since), 2*time.Minute)
}

// Of an analysis that is measured each second an Event tells some, with the counts,
// and always the one that decides.
func TestWhatIsTold(t *testing.T) {
	at := func(seconds int) time.Time { return time.Unix(int64(seconds), 0).UTC() }
	all := Evidence{{Name: "errors", Interval: Duration(time.Second), FailureLimit: 34, InconclusiveLimit: 1}}
	var told []string
	measure := func(second int, verdict Verdict) {
		taken, there := all.Take(all, map[string]Measurement{"errors": {At: at(second), Verdict: verdict, Says: fmt.Sprint("at ", second)}}, at(0))
		require.True(t, there)
		all = taken.All
		if event := taken.Event("step 1"); event != nil {
			told = append(told, fmt.Sprint(event.Warning, " ", event.Message))
		}
	}
	for second := 1; second <= 35; second++ {
		measure(second, Failed)
	}
	assert.Equal(t, []string{
		`true step 1: analysis "errors": at 1; failures in this step: 1, and 34 are let pass`,
		`true step 1: analysis "errors": at 11; failures in this step: 11, and 34 are let pass`,
		`true step 1: analysis "errors": at 21; failures in this step: 21, and 34 are let pass`,
		`true step 1: analysis "errors": at 31; failures in this step: 31, and 34 are let pass`,
		`true step 1: analysis "errors": at 35; failures in this step: 35, and 34 are let pass`,
	}, told)
	_, over := all.Failed()
	assert.True(t, over)

	told = nil
	for second := 50; second < 80; second++ { // nothing, and something, in turn
		measure(second, []Verdict{Inconclusive, Inconclusive, Failed}[second%3])
	}
	assert.Equal(t, []string{
		`true step 1: analysis "errors": at 50; failures in this step: 36, and 34 are let pass`,
		`false step 1: analysis "errors": at 60; in a row: 1, and 1 are let pass`,
		`true step 1: analysis "errors": at 70; in a row: 2, and 1 are let pass`,
	}, told)
	all = all.Unmeasured()
	told = nil
	for second := 90; second < 120; second++ {
		measure(second, Passed)
	}
	assert.Equal(t, []string{`false step 1: analysis "errors": at 90`}, told)
}

// As many analyses as there may be, with the longest they may say, fit a state.
func TestAnalysesFitTheState(t *testing.T) {
	s := canaryWorld(4, "20%,100%").state
	for range MaxAnalyses {
		a := Analysis{Name: strings.Repeat("n", 63), Interval: Duration(interval)}
		s.Analyses = append(s.Analyses, a.with(Measurement{At: time.Unix(1, 0), Verdict: Inconclusive, Says: strings.Repeat("\"", 1000)}))
		s.Log = s.Log.Measure(s.Analyses[len(s.Analyses)-1])
	}
	_, err := ParseState(s.String())
	require.NoError(t, err)
	assert.Less(t, len(s.String()), MaxStateBytes*2/3)
	assert.Len(t, s.Log.Measured, maxMeasured)
}
