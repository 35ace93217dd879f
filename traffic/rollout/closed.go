// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import "time"

// Closed is what closes the way forward; nothing does where Why is empty. It never
// closes the way back, nor that of a version which is promoted.
type Closed struct {
	// Why is what is waited for, in words that stay the same until it is there.
	Why string
	// Until is when it is there; zero where only a change tells.
	Until time.Time
}

// After is when to look again; 0 means on the next change.
func (c Closed) After(now time.Time) time.Duration {
	if c.Until.IsZero() {
		return 0
	}
	return max(c.Until.Sub(now), time.Millisecond)
}

// wait waits for what closes the way, for as long as it takes.
func (c Closed) wait(now time.Time) outcome {
	return outcome{wait: c.Why, after: c.After(now), patient: true}
}

// shut keeps the gate shut while the way forward is closed. No other wait is
// counted meanwhile: all of them start anew when it opens.
func (s Snapshot) shut(now time.Time) (outcome, bool) {
	state := s.State
	switch {
	case s.Closed.Why != "" && state.Closed:
		return s.Closed.wait(now), true
	case s.Closed.Why == "" && !state.Closed:
		return outcome{}, false
	}
	if state.Closed = s.Closed.Why != ""; state.Closed {
		decision := waitFor(state, s.Closed.Why)
		return outcome{next: &decision.State, event: decision.Event}, true
	}
	state.Since, state.Seen, state.Wait = stamp(now), time.Time{}, stageWaits[state.Stage]
	return outcome{next: &state}, true
}

// lasts is how long the current step keeps its weight. One with traffic lasts no
// less than the policy's least, unless an emergency is hasty, and any as long as the
// data plane takes to follow.
func (s State) lasts(hasty bool) time.Duration {
	lasts := s.Current().Duration
	if s.shows() && !hasty {
		lasts = max(lasts, time.Duration(s.Timing.MinStep))
	}
	return max(lasts, s.settles())
}

// settles is how long the current step has for the data plane to follow.
func (s State) settles() time.Duration {
	if !s.Divides() {
		return 0
	}
	return time.Duration(s.Timing.Settle)
}

// Ends is when the current step has lasted as long as it is to: what it waits for
// then is not time. It is zero where no step's time runs, or it stands still. hasty
// tells that an emergency lifts Timing.MinStep.
func (s State) Ends(hasty bool) time.Time {
	part := s.Divides() && s.Weight < s.Current().Weight // it makes room for the next part
	if s.Phase != Stepping || s.Stage != StageDwell || s.Held || part || s.Since.IsZero() || !s.Seen.IsZero() {
		return time.Time{}
	}
	return s.ends(hasty)
}

// ends is when the current step's weight has been served for as long as it is to,
// and long enough for the data plane to follow what was changed last.
func (s State) ends(hasty bool) time.Time {
	ends, settled := s.Since.Add(s.lasts(hasty)-time.Duration(s.Spent)), s.Since.Add(s.settles())
	if settled.After(ends) {
		return settled
	}
	return ends
}

// served is for how long the current step's weight has been served, without the
// times at which it stood still.
func (s State) served(now time.Time) Duration {
	if !s.Seen.IsZero() {
		now = s.Seen
	}
	return s.Spent + Duration(max(stamp(now).Sub(s.Since), 0))
}

// shows tells whether the current step lets users meet the canary.
func (s State) shows() bool { return s.Current().Weight > 0 || s.serves() }

// Hurried tells whether a step is left before it has lasted as long as the policy
// asks for.
func (s State) Hurried(now time.Time) bool {
	return s.Stage == StageDwell && s.shows() && now.Sub(s.Since) < time.Duration(s.Timing.MinStep)
}

// Passes tells whether a rollout that becomes next goes where its way forward can
// be closed: through the gate, to a further step, or to the promotion.
func (s State) Passes(next State) bool {
	switch s.Stage {
	case StagePrepare:
		return next.Phase == Stepping
	case StageDwell:
		return next.Phase == Promoting || (next.Phase == Stepping && next.Step > s.Step)
	default:
		return false
	}
}
