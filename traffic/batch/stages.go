// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package batch

import (
	"cmp"
	"time"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// stages are all stages, in the order in which a rollout goes through them, on
// and back. Each function is one stage: what must be seen, and where the rollout
// goes from there.
var stages = []struct {
	stage rollout.Stage
	leave func(Snapshot, time.Time) outcome
}{
	{StagePrepare, leavePrepare}, // the gate is shut, and seen to be
	{StageClear, leaveClear},     // the Services lead away from the batch's pods: they are taken
	{StageBatch, leaveBatch},     // the batch's pods are new and ready
	{StageTurn, leaveTurn},       // the Services lead to the new pods: the step's time runs
	{StageDwell, leaveDwell},     // time, evidence and people agree: next batch, or promote
	{StageRelease, leaveRelease}, // the user's own updateStrategy, no pod is old
	{StageReturn, leaveReturn},   // back: the Services lead away from the new pods
	{StageRestore, leaveRestore}, // back: stable's template, no pod is new
	{StageWiden, leaveWiden},     // everything is the user's own
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

// unseen is the wait for the webhook, or for the stock controller, if either is due.
func (s Snapshot) unseen() string {
	switch {
	case !s.Rendered:
		return waitRendering
	case !s.Observed:
		return waitObserved
	default:
		return ""
	}
}

// leavePrepare starts with the first batch once nothing moves by itself.
func leavePrepare(s Snapshot, now time.Time) outcome {
	if o, shut := s.shut(now); shut {
		return o
	}
	if wait := s.unseen(); wait != "" {
		return outcome{wait: wait}
	}
	if s.State.Canary.Hash == "" {
		return outcome{wait: waitRevision}
	}
	if wait := cmp.Or(s.missing(), s.occupied()); wait != "" {
		return outcome{wait: wait}
	}
	for _, service := range s.Services {
		if service.Other > 0 {
			return outcome{wait: waitOthers(service.Name)}
		}
	}
	next := s.State
	next.Step = 0
	return to(next.enter(rollout.Stepping, StageClear, now), nil)
}

// leaveClear takes the batch's pods once enough others of the version that the
// Services lead to stay, or none is led to.
func leaveClear(s Snapshot, now time.Time) outcome {
	state := s.State
	if wait := s.missing(); wait != "" {
		return outcome{wait: wait}
	}
	if serve := s.serve(); state.Divides() && serve != state.Serve {
		state.Serve, state.Seen = serve, time.Time{}
		return to(state, eventServes(state))
	}
	if _, unready := s.staying(s.left()); state.Serve == Old && unready > 0 {
		return outcome{wait: waitStays}
	}
	if !s.inPlace() {
		return outcome{wait: stageWaits[StageClear]}
	}
	if o, over := state.seen(now); state.Divides() && !over {
		return o
	}
	if state.ordinal() {
		state.Partition = s.left()
	}
	next := state.enter(rollout.Stepping, StageBatch, now)
	next.Ready = s.changed()
	return to(next, eventBatch(next, s.want(), s.Replicas))
}

// leaveBatch goes on once the batch's pods are ready; with Services, once they
// have been for a settle time. Each pod that becomes ready moves the deadline.
func leaveBatch(s Snapshot, now time.Time) outcome {
	state, ready := s.State, s.changed()
	if wait := s.unseen(); wait != "" {
		return outcome{wait: wait}
	}
	if ready > state.Ready {
		state.Ready, state.Since = ready, stamp(now)
		return to(state, nil)
	}
	if ready < s.want() {
		if !state.Seen.IsZero() {
			state.Seen = time.Time{}
			return to(state, nil)
		}
		if s.Refused != "" {
			return outcome{wait: waitRefused(s.Refused)}
		}
		return outcome{wait: stageWaits[StageBatch]}
	}
	if o, over := state.seen(now); state.Divides() && !over {
		return o
	}
	if s.turns() {
		state.Serve = New
		next := state.enter(rollout.Stepping, StageTurn, now)
		return to(next, eventServes(next))
	}
	next := state.dwell(now)
	return to(next, eventReady(next, ready, s.Replicas))
}

// leaveTurn starts the step's own time once the new pods have the traffic.
func leaveTurn(s Snapshot, now time.Time) outcome {
	if wait := s.missing(); wait != "" {
		return outcome{wait: wait}
	}
	if !s.inPlace() {
		return outcome{wait: stageWaits[StageTurn]}
	}
	if o, over := s.State.seen(now); !over {
		return o
	}
	next := s.State.dwell(now)
	return to(next, eventReady(next, s.changed(), s.Replicas))
}

// leaveDwell goes on to the next batch, or promotes, when time, evidence and people
// agree.
func leaveDwell(s Snapshot, now time.Time) outcome {
	state, step := s.State, s.State.Current()
	if wait := s.missing(); wait != "" {
		return outcome{wait: wait}
	}
	if !s.inPlace() {
		return outcome{wait: waitServices, patient: true}
	}
	if s.changed() < s.want() {
		next := state.enter(rollout.Stepping, StageBatch, now)
		return to(next, eventUnready(next, s.changed(), s.want()))
	}
	if o, unclear := s.unclear(now); unclear {
		return o
	}
	if o, over := until(state.Since, s.lasts(), now, stageWaits[StageDwell]); !over {
		return o
	}
	if o, unproved := s.unproved(); unproved {
		return o
	}
	if step.Pause && !state.Told {
		return outcome{wait: waitPerson, patient: true}
	}
	if s.Closed.Why != "" {
		return closedWait(s.Closed, now)
	}
	if state.Step+1 < len(state.StepList()) {
		state.Step++
		state.Analyses = state.Analyses.Unmeasured()
		return to(state.enter(rollout.Stepping, StageClear, now), nil)
	}
	next := state.enter(rollout.Promoting, StageRelease, now)
	return to(next, eventPromoting(next))
}

// leaveRelease lets the stock controller have the workload back, with a template
// that came past the webhook, too.
func leaveRelease(s Snapshot, now time.Time) outcome {
	if wait := s.unseen(); wait != "" {
		return outcome{wait: wait}
	}
	if s.Newest.Hash != "" && s.Newest != s.State.Canary {
		next := s.State
		next.Canary = s.Newest
		return to(next.widen(now), eventUnheld(next))
	}
	if s.foreign(s.State.Canary) > 0 {
		return outcome{wait: stageWaits[StageRelease]}
	}
	return to(s.State.widen(now), nil)
}

// leaveReturn lets the new pods go once no data plane sends to them, or sends to
// the old ones as well.
func leaveReturn(s Snapshot, now time.Time) outcome {
	state := s.State
	if state.Serve == New {
		state.Serve = s.back()
		return to(state, eventServes(state))
	}
	if !s.inPlace() {
		return outcome{wait: stageWaits[StageReturn]}
	}
	if o, over := state.seen(now); !over {
		return o
	}
	next := state.enter(rollout.RollingBack, StageRestore, now)
	return to(next, eventRestoring(next))
}

// leaveRestore waits until the stock controller has gone back. Stable's own pods
// may be broken for a reason of their own, so that wait ends.
func leaveRestore(s Snapshot, now time.Time) outcome {
	state := s.State
	if wait := s.unseen(); wait != "" {
		return outcome{wait: wait}
	}
	if s.Newest.Hash != state.Stable.Hash || s.foreign(state.Stable) > 0 {
		return outcome{wait: stageWaits[StageRestore]}
	}
	if s.ready(Old) < s.Replicas-state.bound() {
		if o, over := until(state.Since, time.Duration(state.Timing.StepDeadline), now, waitWhole); !over {
			return o
		}
	}
	return to(state.widen(now), nil)
}

// widen gives the Services back.
func (s State) widen(now time.Time) State {
	s.Serve = Everyone
	return s.enter(s.Phase, StageWiden, now)
}

// leaveWiden ends the rollout: everything is the user's own again.
func leaveWiden(s Snapshot, now time.Time) outcome {
	if !s.Rendered {
		return outcome{wait: waitRendering}
	}
	if !s.inPlace() {
		return outcome{wait: stageWaits[StageWiden]}
	}
	next := s.State.end(now)
	return to(next, eventEnded(next))
}
