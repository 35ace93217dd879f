// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package batch

import (
	"time"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// Decision is what follows from a Snapshot.
type Decision struct {
	// State is what the workload carries from now on; equal to the snapshot's
	// where nothing is to be written.
	State State
	// Event tells the story; nil where there is nothing new to tell.
	Event *rollout.Event
	// After is when to look again at the latest; 0 means on the next change.
	After time.Duration
	// Delete are the pods to delete, in this order, each with its UID as the
	// precondition. Where there are any, State is not to be written.
	Delete []Pod
}

// Decide says what happens next to a rollout in flight: a change of its state,
// pods to delete, or a wait with its reason. It never decides two of them at once,
// so that a crash after any write leaves a state from which the next Decide goes on.
func Decide(s Snapshot, now time.Time) Decision {
	if !s.State.InFlight() {
		return Decision{State: s.State}
	}
	if s.State.Wait == "" && s.State.Stage == StagePrepare {
		return started(s.State)
	}
	if s.State.Wait == "" && s.State.Phase == rollout.RollingBack { // a person wished it, in admission
		return goBack(s.State)
	}
	for _, guard := range guards {
		if decision, decided := guard(s, now); decided {
			return decision
		}
	}
	decision := settleWait(s, leave(s, now), now)
	if decision.State.Equal(s.State) {
		decision.Delete = s.deletes()
		if len(decision.Delete) > 0 {
			decision.Event = eventDeleting(s.State, decision.Delete)
		}
	}
	if !s.Rendered && (decision.After == 0 || decision.After > rollout.AskAgain) {
		decision.After = rollout.AskAgain // as of a Deployment
	}
	return decision
}

// guards are looked at before any stage, in this order.
var guards = []func(Snapshot, time.Time) (Decision, bool){
	scaledToZero,    // nobody is to serve, so nothing can be proved
	anotherVersion,  // the template's revision is seen, or is another
	nobodyServes,    // the Services lead to no ready pod
	nothingToUpdate, // the user's own partition leaves no pod
	measured,        // an analysis was measured
	failed,          // and says that the new pods are not well
	held,            // a person holds the rollout
	resized,         // somebody scaled: the batch is another one
}

func scaledToZero(s Snapshot, now time.Time) (Decision, bool) {
	state := s.State
	if s.Replicas > 0 || !state.Reversible() {
		return Decision{}, false
	}
	if state.Phase == rollout.Stepping && (state.Stage != StageClear || state.Serve != Everyone) {
		state.Serve = Everyone
		state = state.enter(rollout.Stepping, StageClear, now)
	}
	return waitFor(state, waitReplicas), true
}

func nothingToUpdate(s Snapshot, _ time.Time) (Decision, bool) {
	if s.State.bound() < s.Replicas || s.Replicas == 0 || !s.State.Reversible() {
		return Decision{}, false
	}
	return waitFor(s.State, waitPartition(s.State.bound(), s.Replicas)), true
}

func anotherVersion(s Snapshot, now time.Time) (Decision, bool) {
	state := s.State
	if !s.Rendered || !s.Observed || !state.Reversible() || s.Newest.Hash == "" || s.Newest == state.Canary {
		return Decision{}, false
	}
	if s.Newest.Hash == state.Stable.Hash {
		return goBack(RollBack(state, reasonSameTemplate, now)), true
	}
	known := state.Canary.Hash != ""
	state.Analyses = state.Analyses.Unmeasured()
	state = state.drop()
	state.Canary = s.Newest
	if !known {
		return Decision{State: state}, true
	}
	if state.Serve == New {
		state.Serve = Everyone
	}
	if state.Phase == rollout.Stepping {
		state = state.enter(rollout.Stepping, StageClear, now)
	}
	return Decision{State: state, Event: eventAnother(state)}, true
}

func nobodyServes(s Snapshot, now time.Time) (Decision, bool) {
	if !s.deserted() {
		return Decision{}, false
	}
	if s.State.Serve == New && s.State.Reversible() {
		next := RollBack(s.State, reasonNewGone, now)
		next.Serve = s.back()
		return goBack(next), true
	}
	next := s.State
	next.Serve, next.Seen = Everyone, time.Time{}
	return Decision{State: next, Event: eventServes(next)}, true
}

// held stops the batch of a StatefulSet where it is: its stock controller would
// finish it.
func held(s Snapshot, _ time.Time) (Decision, bool) {
	state := s.State
	if !state.Held || !state.Reversible() {
		return Decision{}, false
	}
	if state.ordinal() && state.Stage == StageBatch {
		state.Partition = max(state.Partition, s.stop())
	}
	return waitFor(state, waitHeld), true
}

// stop is the ordinal from which on no pod is of stable.
func (s Snapshot) stop() (ordinal int32) {
	for _, pod := range s.Pods {
		if s.stays(pod, s.Replicas) {
			ordinal = max(ordinal, pod.Ordinal+1)
		}
	}
	return ordinal
}

// resized follows a scaling. A partition that goes down takes pods, so it is a
// batch that has to be clear first.
func resized(s Snapshot, now time.Time) (Decision, bool) {
	state, due := s.State, s.left()
	if !state.ordinal() || state.Phase != rollout.Stepping || state.Stage == StageClear || state.Partition == due {
		return Decision{}, false
	}
	if due < state.Partition {
		return Decision{State: state.enter(rollout.Stepping, StageClear, now)}, true
	}
	state.Partition = due
	return Decision{State: state, Event: eventResized(state, s.Replicas)}, true
}

// outcome is what a stage says: go on to next, or wait for a reason.
type outcome struct {
	next  *State
	event *rollout.Event
	wait  string
	// after is when the wait is over by itself; 0 where only a change ends it.
	after time.Duration
	// from is when the wait began; zero means with the stage.
	from time.Time
	// patient waits have no deadline: a person, or time itself, ends them.
	patient bool
}

// settleWait turns a stage's outcome into a decision, and a wait that has lasted
// too long into the way back; where there is none, a person is asked to look.
func settleWait(s Snapshot, o outcome, now time.Time) Decision {
	if o.next != nil {
		return Decision{State: *o.next, Event: o.event}
	}
	state := s.State
	from := state.Since
	if !o.from.IsZero() {
		from = o.from
	}
	left := from.Add(time.Duration(state.Timing.StepDeadline)).Sub(now)
	switch {
	case o.patient || left > 0:
		decision := waitFor(state, o.wait)
		decision.After = o.after
		if !o.patient && (o.after == 0 || left < o.after) {
			decision.After = left
		}
		return decision
	case !state.Reversible():
		return waitFor(state, waitLong(o.wait, state.Timing.StepDeadline))
	case state.OnFailure == rollout.OnFailureHold:
		return waitFor(state, waitDecision(o.wait))
	default:
		return goBack(RollBack(state, deadlineReason(o.wait, state.Timing.StepDeadline), now))
	}
}

// started tells that the rollout has started.
func started(state State) Decision {
	state.Wait = stageWaits[state.Stage]
	return Decision{State: state, Event: eventStarted(state)}
}

// waitFor records why the stage waits, and tells it when that is new.
func waitFor(state State, wait string) Decision {
	if state.Wait == wait {
		return Decision{State: state}
	}
	state.Wait = wait
	return Decision{State: state, Event: eventWaiting(state)}
}

// TurnsBack tells whether a decision about a state is the one that leads back.
func (d Decision) TurnsBack(from State) bool {
	return from.Phase != rollout.RollingBack && d.State.Phase == rollout.RollingBack
}

// Because adds to a decision that leads back what is wrong with the new pods;
// nothing, where nothing is.
func (d Decision) Because(wrong string) Decision {
	if wrong != "" {
		d.State.Reason = rollout.WithPods(d.State.Reason, wrong)
		d.Event = eventRollingBack(d.State)
	}
	return d
}

func goBack(next State) Decision {
	next.Wait = stageWaits[next.Stage]
	return Decision{State: next, Event: eventRollingBack(next)}
}

// seen records when a stage's promise was first seen kept, and waits for as long
// as a data plane may take to follow; the second result tells that it is over.
func (s State) seen(now time.Time) (outcome, bool) {
	if s.Seen.IsZero() {
		s.Seen = stamp(now)
		return outcome{next: &s}, false
	}
	return until(s.Seen, time.Duration(s.Timing.Settle), now, stageWaits[s.Stage])
}

// until waits for a time; the second result tells that it is over.
func until(from time.Time, d time.Duration, now time.Time, wait string) (outcome, bool) {
	if left := from.Add(d).Sub(now); left > 0 {
		return outcome{wait: wait, after: left, patient: true}, false
	}
	return outcome{}, true
}

// to is the outcome that goes on.
func to(next State, event *rollout.Event) outcome { return outcome{next: &next, event: event} }
