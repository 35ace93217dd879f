// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// closedAt is a snapshot of a canary in a stage, whose every promise was kept an
// hour ago.
func closedAt(phase Phase, stage Stage, edits ...func(*Snapshot)) Snapshot {
	w := canaryWorld(4, "50%:1m,100%:1m")
	w.pods["canary"], w.ready["canary"] = 4, 4
	s := w.snapshot()
	s.State.Phase, s.State.Stage, s.State.Wait, s.State.Canary = phase, stage, stageWaits[stage], version("canary")
	s.State.Since, s.State.Seen, s.State.Weight, s.State.Exposed = stamp(w.now.Add(-time.Hour)), stamp(w.now.Add(-time.Hour)), 50, true
	s.State.Timing.StepDeadline = Duration(2 * time.Hour)
	if stage == StageDwell || stage == StageDrain { // where it is when something went wrong
		s.State.Seen = time.Time{}
	}
	if phase == Preparing {
		s.State.Weight, s.State.Exposed, s.State.Canary = 0, false, Version{}
	}
	s.Canary, s.Newest = Pods{Exists: true, Replicas: 4, Ready: 4}, version("canary")
	s.Services = []Service{{Name: "demo", Exists: true, InPlace: true, Stable: 4, Backend: true, CanaryInPlace: true, CanaryReady: 4}}
	s.Routes = []Route{{Name: "demo", Exists: true, InPlace: true, Accepted: true}}
	s.Closed = Closed{Why: "the window opens", Until: w.now.Add(10 * time.Hour)}
	for _, edit := range edits {
		edit(&s)
	}
	return s
}

// A closed way holds the gate, further steps and the promotion, for as long as it
// takes; and nothing else.
func TestAClosedWay(t *testing.T) {
	now := canaryWorld(4, "100%").now
	last := func(s *Snapshot) { s.State.Step, s.State.Weight = 1, 100 }
	for name, row := range map[string]struct {
		snapshot Snapshot
		waits    bool
		stage    Stage // where it goes on to
	}{
		"the gate":                      {closedAt(Preparing, StagePrepare), true, StagePrepare},
		"a further step":                {closedAt(Stepping, StageDwell), true, StageDwell},
		"the promotion":                 {closedAt(Stepping, StageDwell, last), true, StageDwell},
		"a step that was started":       {closedAt(Stepping, StageShift), false, StageDwell},
		"the way back":                  {closedAt(RollingBack, StageWithdraw), false, StageRestore},
		"a promotion that was started":  {closedAt(Promoting, StageDrain), false, StageRelease},
		"a canary that falls sick":      {closedAt(Stepping, StageDwell, func(s *Snapshot) { s.Canary.Ready, s.Services[0].CanaryReady = 0, 0 }), false, StageWithdraw},
		"scaled to nothing while it is": {closedAt(Preparing, StagePrepare, func(s *Snapshot) { s.Replicas = 0 }), false, StageWithdraw},
	} {
		t.Run(name, func(t *testing.T) {
			decision := Decide(row.snapshot, now)
			assert.Equal(t, row.stage, decision.State.Stage)
			assert.Equal(t, row.waits, decision.State.Wait == "the window opens")
			if !row.waits {
				return
			}
			require.NotNil(t, decision.Event)
			assert.Equal(t, "RolloutWaiting", decision.Event.Reason)
			row.snapshot.State = decision.State
			for _, later := range []time.Duration{0, 9 * time.Hour} { // longer than any deadline
				again := Decide(row.snapshot, now.Add(later))
				assert.Equal(t, Decision{State: decision.State, After: 10*time.Hour - later}, again)
			}
		})
	}
}

// When the way opens, the waits of the gate start anew: a deadline that passed
// meanwhile is none.
func TestTheGateOpensAfterAClosedWay(t *testing.T) {
	s := closedAt(Preparing, StagePrepare, func(s *Snapshot) { s.State.Timing.StepDeadline = Duration(time.Minute) })
	now := s.Closed.Until
	s.State = Decide(s, now.Add(-10*time.Hour)).State
	assert.True(t, s.State.Closed)
	s.Closed = Closed{}
	opened := Decide(s, now).State
	assert.False(t, opened.Closed)
	assert.Equal(t, []any{stamp(now), stageWaits[StagePrepare], StagePrepare}, []any{opened.Since, opened.Wait, opened.Stage})
	s.State, s.Stable.Ready = opened, 3
	assert.Equal(t, waitStable, Decide(s, now.Add(30*time.Second)).State.Wait)
	assert.Equal(t, RollingBack, Decide(s, now.Add(time.Minute)).State.Phase, "but there is one")
}

// A step with traffic lasts as long as the policy asks for, unless an emergency
// lifts it.
func TestTheLeastTimeOfAStep(t *testing.T) {
	now := canaryWorld(4, "100%").now
	for name, row := range map[string]struct {
		edit func(*Snapshot)
		left time.Duration
	}{
		"a step that is shorter": {func(*Snapshot) {}, 30 * time.Minute},
		"one that is longer":     {func(s *Snapshot) { s.State.Steps = "50%:2h,100%" }, time.Hour},
		"one without traffic":    {func(s *Snapshot) { s.State.Steps, s.State.Weight, s.State.Exposed = "0%,100%", 0, false }, 0},
		"one with a group":       {func(s *Snapshot) { s.State.Steps, s.State.Weight, s.State.Match = "0%,100%", 0, "header:a=b" }, 30 * time.Minute},
		"an emergency":           {func(s *Snapshot) { s.Hasty = true }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := closedAt(Stepping, StageDwell, row.edit)
			s.Closed, s.State.Timing.MinStep = Closed{}, Duration(90*time.Minute)
			decision := Decide(s, now)
			assert.Equal(t, row.left, decision.After)
			assert.Equal(t, row.left == 0, s.State.Passes(decision.State))
			assert.Equal(t, name != "one without traffic", s.State.Hurried(now))
		})
	}
}

// What whoever looks is told is when a step is left: its own time, the policy's
// least and the data plane's, and nothing where none of them runs.
func TestWhenAStepEnds(t *testing.T) {
	for name, row := range map[string]struct {
		edit  func(*State)
		hasty bool
		lasts time.Duration // below 0: there is no end
	}{
		"its own time":        {edit: func(s *State) { s.Steps = "50%:2h,100%" }, lasts: 2 * time.Hour},
		"the policy's least":  {edit: func(s *State) { s.Steps = "50%:10m,100%" }, lasts: 90 * time.Minute},
		"a pause has it, too": {edit: func(s *State) { s.Steps = "50%:pause,100%" }, lasts: 90 * time.Minute},
		"an emergency":        {edit: func(s *State) { s.Steps = "50%:10m,100%" }, hasty: true, lasts: 10 * time.Minute},
		"the data plane's":    {edit: func(s *State) { s.Steps, s.Timing.MinStep = "50%,100%", 0 }, lasts: 5 * time.Second},
		"nobody divides":      {edit: func(s *State) { s.Services, s.Steps, s.Timing.MinStep = nil, "50%,100%", 0 }, lasts: 0},
		"without traffic":     {edit: func(s *State) { s.Steps, s.Weight, s.Exposed = "0%,100%", 0, false }, lasts: 5 * time.Second},
		"held":                {edit: func(s *State) { s.Held = true }, lasts: -1},
		"it stands still":     {edit: func(s *State) { s.Seen = s.Since.Add(time.Minute) }, lasts: -1},
		"a part of a step":    {edit: func(s *State) { s.Weight = 25 }, lasts: -1},
		"another stage":       {edit: func(s *State) { s.Stage = StageShift }, lasts: -1},
		"another phase":       {edit: func(s *State) { s.Phase = RollingBack }, lasts: -1},
		"never begun":         {edit: func(s *State) { *s = State{} }, lasts: -1},
	} {
		t.Run(name, func(t *testing.T) {
			state := closedAt(Stepping, StageDwell).State
			state.Timing.MinStep, state.Timing.Settle = Duration(90*time.Minute), Duration(5*time.Second)
			row.edit(&state)
			want := time.Time{}
			if row.lasts >= 0 {
				want = state.Since.Add(row.lasts)
			}
			assert.Equal(t, want, state.Ends(row.hasty))
		})
	}
}

// The walks would see a rollout that goes forward where its way is closed.
func TestWalksSeeAClosedWay(t *testing.T) {
	assert.True(t, slices.ContainsFunc(seeds(200), func(seed uint64) bool { return len(walk(seed, "a closed way is gone").broken) > 0 }))
}
