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

// A canary that nobody disturbs notes each step once, in the order of its times.
func TestTheLogOfACanary(t *testing.T) {
	w := canaryWorld(4, "20%:4s,50%,100%")
	var last Log
	for i := 0; i < 2000 && w.state.InFlight(); i++ {
		last = w.state.Log
		w.reconcile(all)
		w.stock()
		w.becomeReady()
		w.pass(time.Second)
	}
	require.Equal(t, Completed, w.state.Phase)
	assert.Zero(t, w.state.Log, "the ledger has it")
	require.Len(t, last.Steps, 3)
	before := last.Began
	for i, step := range last.Steps {
		assert.Equal(t, i, step.Step)
		for _, at := range []time.Time{step.Asked, step.Given, step.Accepted, step.Left} {
			assert.False(t, at.Before(before), "%+v", step)
			before = at
		}
	}
	assert.GreaterOrEqual(t, last.Steps[0].Left.Sub(last.Steps[0].Accepted), settle)
}

func TestWhatTheLogNotes(t *testing.T) {
	at := func(seconds int) time.Time { return time.Unix(1_800_000_000+int64(seconds), 0).UTC() }
	begun := Log{By: "jane"}.Begun(at(0))
	walk := func(l Log, steps ...func(Log) Log) Log {
		for _, step := range steps {
			l = step(l)
		}
		return l
	}
	enter := func(phase Phase, stage Stage, step, seconds int) func(Log) Log {
		return func(l Log) Log { return l.Entered(phase, stage, step, at(seconds)) }
	}
	for _, row := range []struct {
		name string
		of   Log
		want []StepLog
	}{
		{"nothing before the first step", walk(begun, enter(Preparing, StagePrepare, 0, 1)), nil},
		{"a step that goes back to its pods is one step", walk(begun,
			enter(Stepping, StageScale, 0, 1), enter(Stepping, StageShift, 0, 2), enter(Stepping, StageDwell, 0, 3),
			enter(Stepping, StageScale, 0, 4), enter(Stepping, StageShift, 0, 5), enter(Stepping, StageDwell, 0, 6),
		), []StepLog{{Asked: at(1), Given: at(2), Accepted: at(6)}}},
		{"a step that is skipped is none", walk(begun, enter(Stepping, StageScale, 0, 1), enter(Stepping, StageScale, 2, 5)),
			[]StepLog{{Asked: at(1), Left: at(5)}, {Step: 2, Asked: at(5)}}},
		{"the way back ends a step once", walk(begun,
			enter(Stepping, StageScale, 0, 1), enter(RollingBack, StageWithdraw, 0, 7), enter(RollingBack, StageRestore, 0, 9),
		), []StepLog{{Asked: at(1), Left: at(7)}}},
		{"a watched rolling update has none", walk(begun, enter(Stepping, StageRoll, 0, 1)), nil},
		{"a release that began before there was a log", walk(Log{}, enter(Stepping, StageScale, 1, 1), enter(Promoting, StageService, 1, 2)), nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			assert.Equal(t, row.want, row.of.Steps)
		})
	}
}

// A log never changes under the hands of whoever kept the state before.
func TestALogIsNotShared(t *testing.T) {
	first := canaryWorld(2, "50%,100%").state.enter(Stepping, StageScale, time.Unix(1, 0))
	text := first.String()
	first.enter(Stepping, StageShift, time.Unix(2, 0))
	first.Say("jane", "continue", time.Unix(3, 0)).Say("joe", "skip", time.Unix(4, 0))
	first.Log.Noted(&Count{Ready: 1, Of: 2})
	assert.Equal(t, text, first.String())
}

// The worst count is that in which most pods were missing, whatever the size was.
func TestTheWorstCount(t *testing.T) {
	log := canaryWorld(2, "50%,100%").state.Log
	for _, count := range []Count{{Ready: 12, Of: 10}, {Ready: 9, Of: 10}, {Ready: 5, Of: 5}, {Ready: 19, Of: 20}} {
		log = log.Noted(&count)
	}
	assert.Equal(t, Count{Ready: 9, Of: 10}, *log.Ready)
	assert.Equal(t, log, log.Noted(nil))
}

// Another template leaves the log of the first in the state, until it is written.
func TestAReplacedReleaseIsInTheLog(t *testing.T) {
	w := canaryWorld(2, "50%,100%")
	w.state.Log.By = "jane"
	first := w.state.enter(Stepping, StageScale, w.now)
	first.Canary = version("canary")
	plan := first
	plan.Log.By = "joe"
	next, err := Again(first, plan, w.now.Add(time.Minute))
	require.NoError(t, err)
	assert.Equal(t, "joe", next.Log.By)
	assert.Empty(t, next.Log.Steps)
	require.Len(t, next.Log.Replaced, 1)
	gone := next.Log.Replaced[0]
	assert.Equal(t, version("canary"), gone.Canary)
	assert.Equal(t, first.Log, gone.Log)
	assert.Equal(t, stamp(w.now.Add(time.Minute)), gone.At)
	assert.Empty(t, next.Log.Noted(nil).Replaced, "the ledger has it")
	assert.Len(t, next.Log.Replaced, 1)
}

// The largest log there is fits into the annotation.
func TestTheLogIsBounded(t *testing.T) {
	var steps []string
	for i := range MaxSteps {
		steps = append(steps, fmt.Sprintf("%d%%:719h59m59s", i+1))
	}
	at := time.Unix(1_800_000_000, 123_000_000)
	state := canaryWorld(2, strings.Join(steps, ",")).state
	for range 5 {
		for i := range MaxSteps + 1 {
			state.Step = i
			for _, stage := range []Stage{StageScale, StageShift, StageDwell} {
				state = state.enter(Stepping, stage, at)
			}
			state = state.Say(strings.Repeat("ä", 400), "continue", at)
			state.Log = state.Log.Measure(Analysis{Name: "success-rate", Last: &Measurement{At: at, Verdict: Inconclusive, Says: strings.Repeat("ä", 400)}})
		}
		plan := state
		plan.Log.By = strings.Repeat("b", 400)
		next, err := Again(state, plan, at)
		require.NoError(t, err)
		require.Len(t, next.Log.Replaced, 1, "without its steps, for want of room")
		assert.Empty(t, next.Log.Replaced[0].Log.Steps)
		full := state
		full.Log.Replaced = next.Log.Replaced
		_, err = ParseState(full.String())
		require.NoError(t, err)
		assert.Less(t, len(full.String()), MaxStateBytes*9/10)
		state = next
	}
	assert.Len(t, state.Log.By, maxWho)
	assert.LessOrEqual(t, len(state.Log.Measured), maxMeasured)

	for range 500 { // a Deployment of very many Services needs its state more than its log
		state.Services = append(state.Services, "a-service-of-many-others")
	}
	again, err := ParseState(state.String())
	require.NoError(t, err)
	assert.Equal(t, state.Services, again.Services)
	assert.Equal(t, Log{Began: state.Log.Began, By: state.Log.By}, again.Log)
	assert.Equal(t, "ä", cut("ää", 3), "not within a character")
}
