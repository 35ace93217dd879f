// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package batch

import (
	"time"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// Measured lists the analyses that are to be measured now: while a batch is ready
// and stays as it is. Where no pod is old any more there is nothing to compare with.
func (s State) Measured() rollout.Evidence {
	room := s.Current().Room()
	if s.Phase != rollout.Stepping || s.Stage != StageDwell || s.Canary.Hash == "" || room == 0 {
		return nil
	}
	var out rollout.Evidence
	for _, a := range s.Analyses {
		if !a.Compares || room < 100 {
			out = append(out, a)
		}
	}
	return out
}

// measured takes in the newest measurement of one analysis.
func measured(s Snapshot, _ time.Time) (Decision, bool) {
	state := s.State
	taken, there := state.Analyses.Take(state.Measured(), s.Measurements, state.Since)
	if !there {
		return Decision{}, false
	}
	state.Analyses, state.Log = taken.All, state.Log.Measure(taken.Now)
	return Decision{State: state, Event: taken.Event(state.where())}, true
}

// failed goes back, or holds for a person, once an analysis fails more often in a
// step than it may.
func failed(s Snapshot, now time.Time) (Decision, bool) {
	a, failed := s.State.Measured().Failed()
	switch {
	case !failed:
		return Decision{}, false
	case s.State.OnFailure == rollout.OnFailureHold:
		return waitFor(s.State, a.WaitFailed()), true
	default:
		return goBack(RollBack(s.State, a.ReasonFailed(), now)), true
	}
}

// unclear has the step's time stand still on what is not known, which has a
// deadline from when it was seen first.
func (s Snapshot) unclear(now time.Time) (outcome, bool) {
	state, wait := s.State, s.State.Measured().Unclear()
	switch {
	case wait != "" && !state.Seen.IsZero():
		return outcome{wait: wait, from: state.Seen}, true
	case wait != "":
		state.Seen = stamp(now)
		decision := waitFor(state, wait)
		return to(decision.State, decision.Event), true
	case state.Seen.IsZero():
		return outcome{}, false
	}
	state.Since, state.Seen = stamp(state.Since.Add(now.Sub(state.Seen))), time.Time{}
	return to(state, nil), true
}

// unproved waits for each analysis to have passed in this step, once the step's own
// time is over.
func (s Snapshot) unproved() (outcome, bool) {
	wait, from := s.State.Measured().Unproved(s.State.Since.Add(s.lasts()))
	return outcome{wait: wait, from: from}, wait != ""
}

// dwell starts the step's own time: each analysis has to pass in it.
func (s State) dwell(now time.Time) State {
	s.Analyses = s.Analyses.Unpassed()
	return s.enter(rollout.Stepping, StageDwell, now)
}
