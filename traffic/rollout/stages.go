// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"cmp"
	"time"
)

// stages are all stages, in the order in which a rollout goes through them, on
// and back. Each function is one stage: what must be seen, and where the rollout
// goes from there.
var stages = []struct {
	stage Stage
	leave func(Snapshot, time.Time) outcome
}{
	{StageRoll, leaveRoll},             // the stock controller is done, or stuck
	{StagePrepare, leavePrepare},       // narrowed, whole: the gate opens
	{StageScale, leaveScale},           // the canary has its pods: its weight follows
	{StageShift, leaveShift},           // the route is accepted: the step's time runs
	{StageDwell, leaveDwell},           // time, evidence and people agree: next step, or promote
	{StageService, leaveService},       // the Services lead to the canary: the split goes
	{StageRoute, leaveRoute},           // the route leads to the Service alone
	{StageDrain, leaveDrain},           // stable's pods are let go
	{StageRelease, leaveWithUserKnobs}, // stable's pods are gone
	{StageMix, leaveMix},               // back: both versions serve
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

// leaveRoll watches a rolling update: it ends by itself, or goes back when the
// stock controller says that it does not get on.
func leaveRoll(s Snapshot, now time.Time) outcome {
	switch {
	case !s.Rendered || !s.Observed:
		return outcome{wait: s.renderWait(), patient: true}
	case s.Newest.Hash != "" && s.Newest != s.State.Canary:
		next := s.State
		next.Canary = s.Newest
		return outcome{next: &next}
	case s.Finished:
		next := s.State.end(now)
		return outcome{next: &next, event: eventEnded(next)}
	case s.Stuck != "" && s.State.OnFailure == OnFailureHold:
		return outcome{wait: waitDecision(s.Stuck), patient: true}
	case s.Stuck != "":
		return rollBack(s.State, s.Stuck, now).outcome()
	default:
		return outcome{wait: stageWaits[StageRoll], patient: !s.Idle}
	}
}

// leavePrepare opens the gate once no canary pod can get traffic that nobody
// gave it, and stable can carry all of it.
func leavePrepare(s Snapshot, now time.Time) outcome {
	if o, shut := s.shut(now); shut {
		return o
	}
	if wait := cmp.Or(s.missing(), s.occupied()); wait != "" {
		return outcome{wait: wait}
	}
	if !s.Rendered {
		return outcome{wait: waitRendering}
	}
	for _, service := range s.Services {
		if service.Other > 0 {
			return outcome{wait: waitOthers(service.Name)}
		}
	}
	state := s.State
	if s.Between != "" {
		return rollBack(state, betweenReason(s.Between), now).outcome()
	}
	if state.Divides() && s.Stable.Ready < s.Replicas {
		return outcome{wait: waitStable}
	}
	if wait := s.lost(); wait != "" {
		return outcome{wait: wait}
	}
	if wait := s.notInPlace(); wait != "" {
		return outcome{wait: wait}
	}
	if o, over := state.seen(now, time.Duration(state.Timing.Settle)); !over && state.Divides() {
		return o
	}
	state.Step = 0
	next := state.makeRoom(s.Replicas).enter(Stepping, StageScale, now)
	return outcome{next: &next, event: eventStep(next)}
}

// glance is the least time until the next look at pods that grow old by themselves.
const glance = 100 * time.Millisecond

// leaveScale shifts traffic once the canary has the pods for it: ready, and for the
// minReadySeconds that a rolling update would wait, too. A readiness that comes and
// goes at the start, as a pod's or its kubelet's can, moves nothing.
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
			return rollBack(state, reasonSameTemplate, now).outcome()
		}
		state.Canary = s.Newest
		return outcome{next: &state}
	}
	if room := state.makeRoom(s.Replicas); !room.Equal(state) {
		return outcome{next: &room}
	}
	available, need := s.canaryAvailable(), s.need()
	enough := need
	if state.replaces() {
		enough = min(need, state.fits(s.Replicas))
	}
	switch {
	case state.Canary.Hash != "" && available >= need:
		return s.shift(state.Current().Weight, now)
	case state.Canary.Hash != "" && available >= enough:
		return s.ramp(available, now)
	case s.Canary.Young > 0 && s.canaryReady() >= enough:
		return outcome{wait: stageWaits[StageScale], after: max(s.Canary.Next.Sub(now), glance), patient: true}
	case s.Canary.Refused != "":
		return outcome{wait: waitRefused(s.Canary.Refused)}
	default:
		return outcome{wait: cmp.Or(s.deaf(), stageWaits[StageScale])}
	}
}

// shift gives the canary its weight. What it had is never taken away here.
func (s Snapshot) shift(weight int, now time.Time) outcome {
	state := s.State
	if weight > state.Weight {
		state.Spent = 0
	}
	state.Weight, state.Exposed = max(weight, state.Weight), true
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
	next.Analyses = next.Analyses.Unpassed()
	return outcome{next: &next}
}

// leaveDwell goes on to the next step, or promotes, when time, evidence and people
// agree.
func leaveDwell(s Snapshot, now time.Time) outcome {
	state, step := s.State, s.State.Current()
	part := state.Weight < step.Weight
	wrong := cmp.Or(s.missing(), s.unrendered(), s.misplaced(now), s.unclear())
	if wrong == "" && !part && s.canaryReady() < s.need() {
		state.Spent = state.served(now)
		next := state.enter(Stepping, StageScale, now)
		return outcome{next: &next, event: eventUnready(next)}
	}
	if o, sick := s.sick(now); wrong == "" && sick {
		return o
	}
	if o, trouble := s.trouble(now, wrong); trouble {
		return o
	}
	if o, over := until(state.Since, state.settles(), now, stageWaits[StageDwell]); !over {
		return o
	}
	if o, gave := s.giveWhatIsCarried(part, now); gave {
		return o
	}
	if o, over := until(state.ends(s.Hasty), 0, now, stageWaits[StageDwell]); !over {
		return o
	}
	if o, unproved := s.unproved(state.ends(s.Hasty)); unproved {
		return o
	}
	if step.Pause && !state.Told {
		return outcome{wait: waitPerson, patient: true}
	}
	return s.goOn(now)
}

// giveWhatIsCarried lets stable's pods go whose share the canary has had for a
// settle time. In a part of a step that makes room for the next part.
func (s Snapshot) giveWhatIsCarried(part bool, now time.Time) (outcome, bool) {
	state := s.State
	if !state.replaces() || state.Weight >= 100 {
		return outcome{}, false
	}
	next := state.give(s.carried(), s.Replicas)
	if part {
		next = next.makeRoom(s.Replicas).enter(Stepping, StageScale, now)
		return outcome{next: &next}, true
	}
	return outcome{next: &next}, !next.Equal(state)
}

// goOn starts the next step; after the last one the canary becomes stable.
func (s Snapshot) goOn(now time.Time) outcome {
	state := s.State
	if s.Closed.Why != "" {
		return s.Closed.wait(now)
	}
	if !state.last() {
		state.Step, state.Spent = state.Step+1, 0
		state.Analyses = state.Analyses.Unmeasured()
		next := state.makeRoom(s.Replicas).enter(Stepping, StageScale, now)
		return outcome{next: &next, event: eventStep(next)}
	}
	stage := StageService
	if !state.Divides() {
		stage = StageRelease
	}
	next := state.enter(Promoting, stage, now)
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
		switch {
		case service.Stable > 0:
			return outcome{wait: stageWaits[StageService]}
		case service.Canary < s.whole() && service.Lacks != "":
			return outcome{wait: waitPort("the canary's", service.Name, service.Lacks)}
		case service.Canary < s.whole():
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
	unready := ""
	if s.Canary.Ready < s.whole() {
		unready = waitCanaryCarries
	}
	if o, trouble := s.trouble(now, s.unrendered(), s.misplaced(now), unready); trouble {
		return o
	}
	delay := time.Duration(s.State.Timing.Settle) + time.Duration(s.State.Timing.ScaleDownDelay)
	if o, over := until(s.State.Since, delay, now, stageWaits[StageDrain]); !over {
		return o
	}
	next := s.State.enter(Promoting, StageRelease, now)
	return outcome{next: &next, event: eventReleased(next)}
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
