// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import "time"

// stages are all stages, in the order in which a rollout goes through them, on
// and back. Each function is one stage: what must be seen, and where the rollout
// goes from there.
var stages = []struct {
	stage Stage
	leave func(Snapshot, time.Time) outcome
}{
	{StagePrepare, leavePrepare},       // narrowed, whole: the gate opens
	{StageScale, leaveScale},           // the canary has its pods: its weight follows
	{StageShift, leaveShift},           // the route is accepted: the step's time runs
	{StageDwell, leaveDwell},           // time and people agree: next step, or promote
	{StageService, leaveService},       // the Services lead to the canary: the split goes
	{StageRoute, leaveRoute},           // the route leads to the Service alone
	{StageDrain, leaveDrain},           // stable's pods are let go
	{StageRelease, leaveWithUserKnobs}, // stable's pods are gone
	{StageReopen, leaveReopen},         // back: the route leaves the Service
	{StageReturn, leaveReturn},         // back: the Service leads to stable again
	{StageWithdraw, leaveWithdraw},     // back: no traffic for the canary
	{StageRestore, leaveWithUserKnobs}, // back: the canary's pods are gone
	{StageWiden, leaveWiden},           // everything is the user's own
}

// leave asks the state's stage whether it may be left. A stage of another version
// of Evenkeel holds, and says so.
func leave(s Snapshot, now time.Time) outcome {
	for _, one := range stages {
		if one.stage == s.State.Stage {
			return one.leave(s, now)
		}
	}
	return outcome{wait: waitUnknownStage, patient: true}
}

// leavePrepare opens the gate once no canary pod can get traffic that nobody
// gave it, and stable can carry all of it.
func leavePrepare(s Snapshot, now time.Time) outcome {
	if wait := s.missing(); wait != "" {
		return outcome{wait: wait}
	}
	for _, service := range s.Services {
		if service.Other > 0 {
			return outcome{wait: waitOthers(service.Name)}
		}
	}
	if s.Stable.Ready < s.Replicas {
		return outcome{wait: waitStable}
	}
	if wait := s.notInPlace(); wait != "" {
		return outcome{wait: wait}
	}
	state := s.State
	if o, over := state.seen(now, time.Duration(state.Timing.Settle)); !over {
		return o
	}
	state.Step = 0
	state.Surge = state.Current().Weight
	next := state.enter(Stepping, StageScale, now)
	return outcome{next: &next, event: eventStep(next)}
}

// leaveScale shifts traffic once the canary has the pods for it.
func leaveScale(s Snapshot, now time.Time) outcome {
	state := s.State
	if wait := s.missing(); wait != "" {
		return outcome{wait: wait}
	}
	if !s.Rendered || !s.Observed {
		return outcome{wait: s.renderWait()}
	}
	if s.Newest.Hash != "" && s.Newest != state.Canary {
		if s.Newest.Hash == state.Stable.Hash {
			next := RollBack(state, reasonSameTemplate, now)
			return outcome{next: &next, event: eventRollingBack(next)}
		}
		state.Canary = s.Newest
		return outcome{next: &state}
	}
	need := Need(s.Replicas, state.Current().Weight)
	if state.Canary.Hash == "" || s.Canary.Ready < need || s.canaryReady() < need {
		return outcome{wait: stageWaits[StageScale]}
	}
	state.Weight = state.Current().Weight
	next := state.enter(Stepping, StageShift, now)
	return outcome{next: &next, event: eventShift(next)}
}

// leaveShift starts the step's own time once the route is accepted.
func leaveShift(s Snapshot, now time.Time) outcome {
	if wait := s.missing(); wait != "" {
		return outcome{wait: wait}
	}
	if wait := s.notInPlace(); wait != "" {
		return outcome{wait: wait}
	}
	next := s.State.enter(Stepping, StageDwell, now)
	return outcome{next: &next}
}

// leaveDwell goes on to the next step, or promotes, when time and people agree.
func leaveDwell(s Snapshot, now time.Time) outcome {
	state, step := s.State, s.State.Current()
	if wait := s.missing(); wait != "" {
		return outcome{wait: wait}
	}
	if s.canaryReady() < Need(s.Replicas, step.Weight) {
		next := state.enter(Stepping, StageScale, now)
		return outcome{next: &next, event: eventUnready(next)}
	}
	if wait := s.notInPlace(); wait != "" {
		return outcome{wait: wait, patient: true}
	}
	wait := stageWaits[StageDwell]
	if o, over := until(state.Since, max(step.Duration, time.Duration(state.Timing.Settle)), now, wait); !over {
		return o
	}
	if step.Pause && !state.Told {
		return outcome{wait: waitPerson, patient: true}
	}
	if state.Step+1 < len(state.StepList()) {
		state.Step++
		state.Surge = state.Current().Weight
		next := state.enter(Stepping, StageScale, now)
		return outcome{next: &next, event: eventStep(next)}
	}
	next := state.enter(Promoting, StageService, now)
	return outcome{next: &next, event: eventPromoting(next)}
}

// leaveService waits until the users' Services lead to the canary's pods alone.
func leaveService(s Snapshot, now time.Time) outcome {
	if wait := s.missing(); wait != "" {
		return outcome{wait: wait}
	}
	if wait := s.notInPlace(); wait != "" {
		return outcome{wait: wait}
	}
	for _, service := range s.Services {
		if service.Stable > 0 || service.Canary < s.Replicas {
			return outcome{wait: stageWaits[StageService]}
		}
	}
	return s.thenSettled(now, Promoting, StageRoute, nil)
}

func leaveRoute(s Snapshot, now time.Time) outcome {
	if wait := s.notInPlace(); wait != "" {
		return outcome{wait: wait}
	}
	next := s.State.enter(Promoting, StageDrain, now)
	return outcome{next: &next}
}

// leaveDrain lets stable's pods go: from here there is no way back.
func leaveDrain(s Snapshot, now time.Time) outcome {
	if wait := s.notInPlace(); wait != "" {
		return outcome{wait: wait, patient: true}
	}
	delay := time.Duration(s.State.Timing.Settle) + time.Duration(s.State.Timing.ScaleDownDelay)
	if o, over := until(s.State.Since, delay, now, stageWaits[StageDrain]); !over {
		return o
	}
	if s.Canary.Ready < s.Replicas {
		return outcome{wait: waitCanaryCarries}
	}
	next := s.State.enter(Promoting, StageRelease, now)
	return outcome{next: &next, event: eventReleased(next)}
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
		if service.Exists && (service.Canary > 0 || service.Stable < min(s.Replicas, s.Stable.Replicas)) {
			return outcome{wait: stageWaits[StageReturn]}
		}
	}
	o := s.thenSettled(now, RollingBack, StageWithdraw, nil)
	if o.next != nil && o.next.Stage == StageWithdraw {
		o.next.Weight = 0
	}
	return o
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
	ended := State{Phase: Completed, Since: stamp(now), Step: s.Step, Steps: s.Steps, Stable: s.Stable, Canary: s.Canary, Weight: 100}
	if s.Phase == RollingBack {
		ended.Phase, ended.Weight, ended.Reason = RolledBack, 0, s.Reason
	}
	return ended
}

// thenSettled goes on to a stage when the promise of this one has been kept for
// as long as a data plane may take to follow.
func (s Snapshot) thenSettled(now time.Time, phase Phase, stage Stage, tell func(State) *Event) outcome {
	if o, over := s.State.seen(now, time.Duration(s.State.Timing.Settle)); !over {
		return o
	}
	next := s.State.enter(phase, stage, now)
	o := outcome{next: &next}
	if tell != nil {
		o.event = tell(next)
	}
	return o
}
