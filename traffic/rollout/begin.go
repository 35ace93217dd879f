// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"time"
)

// Begin gives the state of a rollout that starts now: the gate is shut, and
// nothing has moved yet. plan carries what was found and resolved (Strategy,
// Steps, Match, Mirror, Capacity, OnFailure, Stable, User, Services, Backends, Routes,
// Timing and Analyses) and whether a person holds it, and in its Log who applied the
// template; all else is set here.
func Begin(plan State, now time.Time) State {
	plan.Weight, plan.Step, plan.Exposed, plan.Spent = 0, 0, false, 0
	plan.Surge, plan.Capped, plan.Give = plan.asked(), false, 0
	plan.Canary, plan.Reason, plan.Closed = Version{}, "", false
	plan.Analyses = plan.Analyses.Unmeasured()
	plan.Log = plan.Log.Begun(now)
	if plan.Strategy == BlueGreen {
		plan.Capacity = Surge // both versions are whole, whatever was wished for
	}
	if plan.Strategy == Rolling {
		plan = plan.enter(Stepping, StageRoll, now)
	} else {
		plan = plan.enter(Preparing, StagePrepare, now)
	}
	plan.Wait = "" // the controller's first look tells that the rollout has started
	return plan
}

// Again gives the state in which a rollout in flight starts over with another
// template. The gate is shut, so the old canary's pods stay until the traffic
// has left them. Once stable's pods are being let go, the canary is what serves.
//
// It fails where stable has given pods that it would need now.
func Again(state State, plan State, now time.Time) (State, error) {
	surge, capped, stable := state.Surge, state.Capped, state.Stable
	if state.Give > 0 && state.Divides() && !state.Reversible() {
		return state, fmt.Errorf("another template cannot start while stable has given pods to this one (capacity: replace), which is %s; wait until that has ended, and apply it then", state.Phase)
	}
	if state.Give > 0 && state.Divides() {
		return state, fmt.Errorf("another template cannot start while stable has given pods to this one (capacity: replace); go back first, and apply it then:\n  kubectl annotate deployment NAME %s=%s", ActionAnnotation, ActionRollback)
	}
	if state.Phase == Promoting && !state.Reversible() {
		stable = state.Canary
	}
	plan.Services, plan.Backends, plan.Routes = state.Services, state.Backends, state.Routes
	plan.Stable, plan.User, plan.Held = stable, state.User, state.Held
	plan.Log.Replaced = state.Log.Replace(Replaced{Stable: state.Stable, Canary: state.Canary, Strategy: state.Strategy, Steps: state.Steps}, now)
	next := Begin(plan, now)
	next.Surge, next.Capped = surge, capped // another surge would make the stock controller scale while the gate is shut
	return next, nil
}

// Action is a word of a person to a rollout.
type Action string

// The actions that the annotation evenkeel.dev/action takes.
const (
	ActionContinue Action = "continue"
	ActionSkip     Action = "skip"
	ActionRollback Action = "rollback"
	ActionRetry    Action = "retry"
)

// Act gives the state after a person's action, or an error that says why the
// action makes no sense now. The state is then unchanged.
func Act(state State, action Action, now time.Time) (State, error) {
	switch action {
	case ActionContinue:
		if state.Stage != StageDwell || !state.Current().Pause {
			return state, fmt.Errorf("action %q: no step waits for a person now (%s)", action, state.place())
		}
		state.Told = true
		return state, nil
	case ActionSkip:
		if state.Phase != Stepping || state.Stage == StageRoll || (state.last() && state.Stage != StageDwell) {
			return state, fmt.Errorf("action %q: there is no step to skip now (%s)", action, state.place())
		}
		return skip(state, now), nil
	case ActionRollback:
		if !state.Reversible() {
			return state, fmt.Errorf("action %q: there is nothing to roll back now (%s); kubectl rollout undo starts a new rollout", action, state.place())
		}
		return RollBack(state, "a person asked for it", now), nil
	case ActionRetry:
		if state.Phase != RolledBack {
			return state, fmt.Errorf("action %q: no rollout was rolled back (%s)", action, state.place())
		}
		return state, nil
	default:
		return state, fmt.Errorf("action %q is not known: use continue, skip, rollback or retry", action)
	}
}

// skip goes to the last step; its weight still waits for the pods it needs, and
// nothing waits for evidence any more.
func skip(state State, now time.Time) State {
	state.Analyses = state.Analyses.Waived()
	if state.last() {
		state.Told = true
		return state
	}
	state.Step, state.Spent = len(state.StepList())-1, 0
	return state.enter(Stepping, StageScale, now)
}

// last tells whether the rollout stands on its last step.
func (s State) last() bool { return s.Step+1 >= len(s.StepList()) }

// Hold takes kubectl rollout pause and resume: paused is what the requester
// wants. No wait is counted while a person holds the rollout.
func Hold(state State, paused bool, now time.Time) State {
	if state.Held == paused || !state.Reversible() || (paused && state.Stage == StagePrepare) {
		return state // a gate that is shut looks like a pause to whoever carries it along
	}
	state.Held = paused
	if !paused {
		state.Since, state.Seen = stamp(now), time.Time{}
		state.Wait = stageWaits[state.Stage]
	}
	return state
}

// place names phase and stage for a person.
func (s State) place() string {
	switch {
	case s.Phase == "":
		return "no rollout is in flight"
	case s.Stage == "":
		return "the rollout is " + string(s.Phase)
	default:
		return fmt.Sprintf("the rollout is %s, %s", s.Phase, s.Stage)
	}
}
