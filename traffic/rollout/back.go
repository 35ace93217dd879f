// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import "time"

// Withdrawn gives the state in which nothing leads to the canary, of a rollout that
// can go back, or does so. It is written nowhere: it says what traffic is to be like
// while a Deployment is being deleted and nobody takes the rollout further.
func (s State) Withdrawn() (State, bool) {
	if !s.Reversible() && !s.HoldsTemplate() {
		return s, false
	}
	s.Phase, s.Stage, s.Weight, s.Exposed = RollingBack, StageWithdraw, 0, false
	return s, true
}

// leaveMix takes the split away once the Services lead to both versions.
func leaveMix(s Snapshot, now time.Time) outcome {
	if wait := s.notInPlace(); wait != "" {
		return outcome{wait: wait}
	}
	return s.thenWithdrawn(now)
}

// thenWithdrawn takes what leads to the canary away, once this stage has settled.
func (s Snapshot) thenWithdrawn(now time.Time) outcome {
	o := s.thenSettled(now, RollingBack, StageWithdraw, nil)
	if o.next != nil && o.next.Stage == StageWithdraw {
		o.next.Weight, o.next.Exposed = 0, false
	}
	return o
}

func leaveReopen(s Snapshot, now time.Time) outcome {
	if wait := s.notInPlace(); wait != "" {
		return outcome{wait: wait}
	}
	return s.thenSettled(now, RollingBack, StageReturn, nil)
}

// leaveReturn waits until the users' Services lead to stable's pods again.
func leaveReturn(s Snapshot, now time.Time) outcome {
	if wait := s.notInPlace(); wait != "" {
		return outcome{wait: wait}
	}
	for _, service := range s.Services {
		if service.Exists && !s.leaves(service) && (service.Canary > 0 || service.Stable < min(s.Replicas, s.Stable.Replicas)) {
			return outcome{wait: stageWaits[StageReturn]}
		}
	}
	return s.thenWithdrawn(now)
}

// leaveWithdraw takes the canary's pods away once no data plane sends to them.
func leaveWithdraw(s Snapshot, now time.Time) outcome {
	if wait := s.notInPlace(); wait != "" {
		return outcome{wait: wait}
	}
	return s.thenSettled(now, RollingBack, StageRestore, eventRestoring)
}

// leaveWithUserKnobs waits until the stock controller has taken away the pods of
// the version that lost: stable's at the end, the canary's on the way back.
func leaveWithUserKnobs(s Snapshot, now time.Time) outcome {
	if !s.Rendered || !s.Observed {
		return outcome{wait: s.renderWait()}
	}
	loser := s.Stable
	if s.State.Phase == RollingBack {
		loser = s.Canary
	}
	if loser.Replicas > 0 {
		return outcome{wait: stageWaits[s.State.Stage]}
	}
	next := s.State.enter(s.State.Phase, StageWiden, now)
	return outcome{next: &next}
}

// leaveWiden ends the rollout: everything is the user's own again.
func leaveWiden(s Snapshot, now time.Time) outcome {
	if wait := s.notInPlace(); wait != "" {
		return outcome{wait: wait}
	}
	next := s.State.end(now)
	return outcome{next: &next, event: eventEnded(next)}
}

// end keeps what explains the rollout and drops what only served it.
func (s State) end(now time.Time) State {
	ended := State{Phase: Completed, Since: stamp(now), Step: s.Step, Strategy: s.Strategy, Steps: s.Steps, Stable: s.Stable, Canary: s.Canary, Weight: 100, Analyses: s.Analyses}
	if s.Phase == RollingBack {
		ended.Phase, ended.Weight, ended.Reason = RolledBack, 0, s.Reason
	}
	return ended
}
