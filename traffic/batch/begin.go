// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package batch

import (
	"fmt"
	"time"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// ActionHold stops a rollout where it is until ActionContinue; StatefulSets and
// DaemonSets know no kubectl rollout pause.
const ActionHold rollout.Action = "hold"

// Begin gives the state of a rollout that starts now: the gate is shut, and no pod
// has changed yet. plan carries what was found and resolved (Steps, Turn,
// OnFailure, Stable, User, Services, Analyses and Timing), and in its Log who applied the
// template; all else is set here.
func Begin(plan State, now time.Time) State {
	state := State{
		OnFailure: plan.OnFailure, Steps: plan.Steps, Turn: plan.Turn, Stable: plan.Stable, Dropped: plan.Dropped,
		User: plan.User, Services: plan.Services, Timing: plan.Timing, Held: plan.Held, OverrideBy: plan.OverrideBy,
		Analyses: plan.Analyses.Unmeasured(),
		Log:      plan.Log.Begun(now),
	}
	if state.ordinal() {
		state.Partition = shut
	}
	state = state.enter(rollout.Preparing, StagePrepare, now)
	state.Wait = "" // the controller's first look tells that the rollout has started
	return state
}

// Again gives the state in which a rollout in flight starts over with another
// template. The gate is shut, and the Services lead to whoever is ready. Once
// every batch was confirmed, the canary is what is stable.
func Again(state State, plan State, now time.Time) State {
	plan.Stable, plan.User, plan.Services, plan.Held = state.Stable, state.User, state.Services, state.Held
	plan.Dropped = state.drop().Dropped
	plan.Log.Replaced = state.Log.Replace(rollout.Replaced{
		Stable: state.Stable.Told(), Canary: state.Canary.Told(), Strategy: rollout.Batch, Steps: state.Steps,
	}, now)
	plan.OverrideBy = state.OverrideBy
	if state.Phase == rollout.Promoting {
		plan.Stable, plan.Dropped = state.Canary, nil
	}
	return Begin(plan, now)
}

// Act gives the state after a person's action, or an error that says why the
// action makes no sense now. The state is then unchanged.
func Act(state State, action rollout.Action, now time.Time) (State, error) {
	var wrong string
	switch action {
	case rollout.ActionContinue:
		if next, goesOn := state.goesOn(now); goesOn {
			return next, nil
		}
		wrong = "no step waits for a person now (%s)"
	case ActionHold:
		if state.Reversible() {
			state.Held = true
			return state, nil
		}
		wrong = "there is nothing to hold now (%s)"
	case rollout.ActionSkip:
		if state.Phase == rollout.Stepping {
			return skip(state, now), nil
		}
		wrong = "there is no step to skip now (%s)"
	case rollout.ActionRollback:
		if state.Reversible() {
			return RollBack(state, "a person asked for it", now), nil
		}
		wrong = "there is nothing to roll back now (%s); kubectl rollout undo starts a new rollout"
	case rollout.ActionRetry:
		if state.Phase == rollout.RolledBack {
			return state, nil
		}
		wrong = "no rollout was rolled back (%s)"
	default:
		return state, fmt.Errorf("action %q is not known: use continue, hold, skip, rollback or retry", action)
	}
	return state, fmt.Errorf("action %q: "+wrong, action, state.place())
}

// Told is the version as it is told to people, and to the ledger.
func (v Version) Told() rollout.Version {
	return rollout.Version{ReplicaSet: v.Name, Hash: v.Hash}
}

// goesOn lets a rollout go on that a person holds, or that waits for one.
func (s State) goesOn(now time.Time) (State, bool) {
	if s.Held && s.Reversible() {
		s.Held, s.Since, s.Wait = false, stamp(now), stageWaits[s.Stage]
		return s, true
	}
	if s.Phase != rollout.Stepping || !s.Current().Pause {
		return s, false
	}
	s.Told = true
	return s, true
}

// skip goes to the last step, whose pods are still waited for; of its analyses
// nothing waits any more.
func skip(state State, now time.Time) State {
	last := len(state.StepList()) - 1
	if state.Step == last {
		state.Told, state.Analyses = true, state.Analyses.Waived()
		return state
	}
	state.Step, state.Analyses = last, state.Analyses.Waived()
	return state.enter(rollout.Stepping, StageClear, now)
}

// RollBack gives the state in which a rollout that can still go back does so.
// Admission calls it when a person wishes it, or applies stable's template; Decide
// when a rule demands it; the controller's next look tells it. No new pod is taken away while Services lead to it.
func RollBack(state State, reason string, now time.Time) State {
	state.Reason, state.Held = reason, false
	stage := StageRestore
	if state.Divides() && state.Serve == New {
		stage = StageReturn
	}
	state = state.enter(rollout.RollingBack, stage, now)
	state.Wait = ""
	return state
}

// enter moves the state to a stage: its waits start anew.
func (s State) enter(phase rollout.Phase, stage rollout.Stage, now time.Time) State {
	s.Phase, s.Stage = phase, stage
	s.Since, s.Seen = stamp(now), time.Time{}
	s.Told, s.Closed, s.Ready = false, false, 0
	s.Wait = stageWaits[stage]
	if stage == StageTurn { // the Services are asked for the new pods
		stage = rollout.StageShift
	}
	s.Log = s.Log.Entered(phase, stage, s.Step, now)
	return s
}

// end keeps what explains the rollout and drops what only served it.
func (s State) end(now time.Time) State {
	ended := State{Phase: rollout.Completed, Since: stamp(now), Step: s.Step, Steps: s.Steps, Stable: s.Stable, Canary: s.Canary, Analyses: s.Analyses}
	if s.Phase == rollout.RollingBack {
		ended.Phase, ended.Reason = rollout.RolledBack, s.Reason
	}
	return ended
}

// stamp drops what a JSON round trip would not keep, so that states compare.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

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
