// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"time"
)

// Decision is what follows from a Snapshot.
type Decision struct {
	// State is what the Deployment carries from now on; equal to the
	// snapshot's where nothing is to be written.
	State State
	// Event tells the story; nil where there is nothing new to tell.
	Event *Event
	// After is when to look again at the latest; 0 means on the next change.
	After time.Duration
}

// Decide says what happens next to a rollout in flight: a change of its state,
// or a wait with its reason. It never decides two steps at once, so that a crash
// after any write leaves a state from which the next Decide goes on.
func Decide(s Snapshot, now time.Time) Decision {
	if !s.State.InFlight() {
		return Decision{State: s.State}
	}
	for _, guard := range guards {
		if decision, decided := guard(s, now); decided {
			return decision
		}
	}
	decision := settleWait(s, s.unkept(leave(s, now)), now)
	if _, left := s.canaryServes(now); left > 0 && (decision.After == 0 || left < decision.After) {
		decision.After = left
	}
	if !s.Rendered && (decision.After == 0 || decision.After > AskAgain) {
		decision.After = AskAgain
	}
	return decision
}

// AskAgain is how soon a webhook that was not called is asked again: writing what
// is there already changes nothing, so no event tells that it is back.
const AskAgain = 5 * time.Second

// guards are looked at before any stage, in this order.
var guards = []func(Snapshot, time.Time) (Decision, bool){
	begun,        // it is told that it has started
	turned,       // or, where a person wished it, that it goes back
	scaledToZero, // nobody serves, so nothing can be proved
	canaryGone,   // traffic goes to a version that has no ready pod
	measured,     // an analysis was measured
	failed,       // and says that the canary is not well
	held,         // a person holds the rollout
}

// begun is the first look: it tells that the rollout has started.
func begun(s Snapshot, _ time.Time) (Decision, bool) {
	state := s.State
	if state.Wait != "" || (state.Stage != StagePrepare && state.Stage != StageRoll) {
		return Decision{}, false
	}
	if state.Stage == StageRoll && (s.Newest.Hash == "" || !s.Observed) { // its first status comes first
		return Decision{State: state, After: time.Duration(state.Timing.StepDeadline)}, true
	}
	state.Wait = stageWaits[state.Stage]
	return Decision{State: state, Event: eventStarted(state)}, true
}

// turned is the first look after a person's word in admission: it tells that the
// rollout goes back.
func turned(s Snapshot, _ time.Time) (Decision, bool) {
	if s.State.Phase != RollingBack || s.State.Wait != "" {
		return Decision{}, false
	}
	return s.State.goesBack(), true
}

// TurnsBack tells whether a decision about a state is the one that leads back.
func (d Decision) TurnsBack(from State) bool {
	return from.Phase != RollingBack && d.State.Phase == RollingBack
}

// Because adds to a decision that leads back what is wrong with the canary's pods;
// nothing, where nothing is.
func (d Decision) Because(wrong string) Decision {
	if wrong != "" {
		d.State.Reason = WithPods(d.State.Reason, wrong)
		d.Event = eventRollingBack(d.State)
	}
	return d
}

// goesBack tells why a rollout has turned.
func (s State) goesBack() Decision {
	s.Wait = stageWaits[s.Stage]
	return Decision{State: s, Event: eventRollingBack(s)}
}

// scaledToZero goes back: of a Deployment without pods the stock controller makes
// the newest template's alone again, and that one has not been proved yet.
func scaledToZero(s Snapshot, now time.Time) (Decision, bool) {
	proved := s.State.Phase == Promoting || s.State.Stage == StageRoll
	if s.Replicas > 0 || !s.State.Reversible() || proved {
		return Decision{}, false
	}
	return rollBack(s.State, reasonScaledToZero, now), true
}

func canaryGone(s Snapshot, now time.Time) (Decision, bool) {
	if !s.State.Reversible() || !s.State.serves() || s.State.Canary.Hash == "" {
		return Decision{}, false
	}
	if serves, _ := s.canaryServes(now); serves {
		return Decision{}, false
	}
	if s.Canary.Ready > 0 && s.deaf() != "" {
		return rollBack(s.State, reasonCanaryDeaf, now), true
	}
	return rollBack(s.State, reasonCanaryGone, now), true
}

func held(s Snapshot, _ time.Time) (Decision, bool) {
	if !s.State.Held || !s.State.Reversible() {
		return Decision{}, false
	}
	return waitFor(s.State, waitHeld), true
}

// outcome is what a stage says: go on to next, or wait for a reason.
type outcome struct {
	next  *State
	event *Event
	wait  string
	// after is when the wait is over by itself; 0 where only a change ends it.
	after time.Duration
	// from is when the wait began; zero means with the stage.
	from time.Time
	// patient waits have no deadline: a person, or time itself, ends them.
	patient bool
	// lasting waits have a deadline after which a person looks, and no way back.
	lasting bool
}

// outcome is a decision as a stage says it.
func (d Decision) outcome() outcome { return outcome{next: &d.State, event: d.Event} }

// unkept forgets when a stage's promise was first seen kept, once it is not any more:
// what the data plane has followed since is unknown. Where Seen is the time of trouble
// there is nothing to forget.
func (s Snapshot) unkept(o outcome) outcome {
	stage := s.State.Stage
	if o.next != nil || o.patient || s.State.Seen.IsZero() || stage == StageDwell || stage == StageDrain {
		return o
	}
	next := s.State
	next.Seen = time.Time{}
	decision := waitFor(next, o.wait)
	return outcome{next: &decision.State, event: decision.Event}
}

// settleWait turns a stage's outcome into a decision, and a wait that has lasted
// too long into the way back.
func settleWait(s Snapshot, o outcome, now time.Time) Decision {
	if o.next != nil {
		return Decision{State: *o.next, Event: o.event}
	}
	decision := waitFor(s.State, o.wait)
	decision.After = o.after
	if o.patient {
		return decision
	}
	from := s.State.Since
	if !o.from.IsZero() {
		from = o.from
	}
	left := from.Add(time.Duration(s.State.Timing.StepDeadline)).Sub(now)
	switch {
	case left <= 0 && (o.lasting || !s.State.Reversible()):
		return waitFor(s.State, waitOverdue(o.wait, s.State.Timing.StepDeadline))
	case left <= 0 && s.State.OnFailure == OnFailureHold:
		return waitFor(s.State, waitDecision(o.wait))
	case left <= 0:
		return rollBack(s.State, deadlineReason(o.wait, s.State.Timing.StepDeadline), now)
	case decision.After == 0 || left < decision.After:
		decision.After = left
	}
	return decision
}

// maxSentence bounds a wait and a reason, in bytes: the cluster's own words stand in
// some, and a state that grew too long could not be read again.
const maxSentence = 1 << 10

// waitFor records why the stage waits, and tells it when that is new.
func waitFor(state State, wait string) Decision {
	if wait = cut(wait, maxSentence); state.Wait == wait {
		return Decision{State: state}
	}
	state.Wait = wait
	return Decision{State: state, Event: eventWaiting(state)}
}

// RollBack gives the state in which a rollout that can still go back does so.
// Admission calls it when a person wishes it, Decide when a rule demands it; the
// controller's next look tells it.
func RollBack(state State, reason string, now time.Time) State {
	stage := state.wayBack()
	state.Reason, state.Held = cut(reason, maxSentence), false
	if stage == StageWithdraw || stage == StageRestore {
		state.Weight, state.Exposed = 0, false
	}
	state = state.enter(RollingBack, stage, now)
	state.Wait = ""
	return state
}

// wayBack is where going back starts.
func (s State) wayBack() Stage {
	switch {
	case !s.Divides():
		return StageRestore
	case s.Give > 0:
		return StageMix
	case s.Stage == StageService:
		return StageReturn
	case s.Stage == StageRoute || s.Stage == StageDrain:
		return StageReopen
	default:
		return StageWithdraw
	}
}

func rollBack(state State, reason string, now time.Time) Decision {
	return RollBack(state, reason, now).goesBack()
}

// enter moves the state to a stage: its waits start anew.
func (s State) enter(phase Phase, stage Stage, now time.Time) State {
	s.Phase, s.Stage = phase, stage
	s.Since, s.Seen = stamp(now), time.Time{}
	s.Told, s.Closed, s.Warned = false, false, false
	s.Wait = stageWaits[stage]
	s.Log = s.Log.Entered(phase, stage, s.Step, now)
	return s
}

// stamp drops what a JSON round trip would not keep, so that states compare.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// seen records when a stage's promise was first seen kept, and waits from then.
func (s State) seen(now time.Time, d time.Duration) (outcome, bool) {
	if s.Seen.IsZero() {
		s.Seen = stamp(now)
		return outcome{next: &s}, false
	}
	return until(s.Seen, d, now, stageWaits[s.Stage])
}

// until waits for a time; the second result tells that it is over.
func until(from time.Time, d time.Duration, now time.Time, wait string) (outcome, bool) {
	if left := from.Add(d).Sub(now); left > 0 {
		return outcome{wait: wait, after: left, patient: true}, false
	}
	return outcome{}, true
}
