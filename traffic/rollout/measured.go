// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import "time"

// Measured lists the analyses that are to be measured now: while the canary has
// traffic, or copies of it, at a weight that was accepted.
func (s State) Measured() Evidence {
	if !s.measurable() {
		return nil
	}
	var out Evidence
	for _, a := range s.Analyses {
		if !a.Compares || s.Weight < 100 {
			out = append(out, a)
		}
	}
	return out
}

func (s State) measurable() bool {
	switch {
	case s.Phase != Stepping || s.Canary.Hash == "":
		return false
	case s.Stage != StageDwell && s.Stage != StageScale:
		return false
	case s.Divides():
		return s.serves()
	default:
		return s.Weight > 0
	}
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
	case s.State.OnFailure == OnFailureHold:
		return waitFor(s.State, a.WaitFailed()), true
	default:
		return rollBack(s.State, a.ReasonFailed(), now), true
	}
}

// unclear waits for what is not known.
func (s Snapshot) unclear() string { return s.State.Measured().Unclear() }

// unproved waits for each analysis to have passed in this step. ready is when the
// step had waited for all else.
func (s Snapshot) unproved(ready time.Time) (outcome, bool) {
	wait, from := s.State.Measured().Unproved(ready)
	return outcome{wait: wait, from: from}, wait != ""
}

// WaitFailed is what a release waits for whose analysis failed and that is not to
// go back by itself, ReasonFailed why it goes back.
func (a Analysis) WaitFailed() string { return waitFailed(a.Name) }

// ReasonFailed is why a release goes back whose analysis failed too often.
func (a Analysis) ReasonFailed() string { return reasonFailed(a) }
