// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package batch

import (
	"time"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// closedWait waits for what closes the way forward, for as long as it takes.
func closedWait(c rollout.Closed, now time.Time) outcome {
	return outcome{wait: c.Why, after: c.After(now), patient: true}
}

// shut keeps the gate shut while the way forward is closed. No other wait is
// counted meanwhile: all of them start anew when it opens.
func (s Snapshot) shut(now time.Time) (outcome, bool) {
	state := s.State
	switch {
	case s.Closed.Why != "" && state.Closed:
		return closedWait(s.Closed, now), true
	case s.Closed.Why == "" && !state.Closed:
		return outcome{}, false
	}
	if state.Closed = s.Closed.Why != ""; state.Closed {
		decision := waitFor(state, s.Closed.Why)
		return to(decision.State, decision.Event), true
	}
	state.Since, state.Seen, state.Wait = stamp(now), time.Time{}, stageWaits[state.Stage]
	return to(state, nil), true
}

// lasts is how long the current step stays as it is. One with a weight lasts no
// less than the policy's least.
func (s Snapshot) lasts() time.Duration {
	step := s.State.Current()
	if s.Hasty || step.Weight == 0 {
		return step.Duration
	}
	return max(step.Duration, time.Duration(s.State.Timing.MinStep))
}

// Hurried tells whether a step is left before it has lasted as long as the policy
// asks for.
func (s State) Hurried(now time.Time) bool {
	return s.Stage == StageDwell && s.Current().Weight > 0 && now.Sub(s.Since) < time.Duration(s.Timing.MinStep)
}

// Passes tells whether a rollout that becomes next goes where its way forward can
// be closed: through the gate, to a further step, or to the promotion.
func (s State) Passes(next State) bool {
	switch s.Stage {
	case StagePrepare:
		return next.Phase == rollout.Stepping
	case StageDwell:
		return next.Phase == rollout.Promoting || (next.Phase == rollout.Stepping && next.Step > s.Step)
	default:
		return false
	}
}
