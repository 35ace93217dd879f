// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/evenkeel-dev/evenkeel/traffic/ledger"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// The parts of a release that a step can be in.
const (
	stepDone    = "done"
	stepNow     = "now"
	stepNext    = "next"
	stepSkipped = "skipped"
	stepLeft    = "left" // was under way when the release went back
)

// Step is one step of a release as a page shows it.
type Step struct {
	Number int
	// Weight is "20%", Rule how long it lasts: "10m", "until a person says so".
	Weight, Rule string
	// Is is done, now, next, skipped, or left by a release that went back.
	Is string
	// Took is how long it was, or has been, under way, from At on.
	Took string
	At   Time
}

// stepsOf shows the steps of a release in flight; a rolling update that is only
// watched has none.
func stepsOf(s Seen, now time.Time) []Step {
	state := s.State
	if s.Frozen != "" || state.Steps == "" || state.Strategy == rollout.Rolling || !state.InFlight() {
		return nil
	}
	var out []Step
	for i, step := range state.StepList() {
		one := plain(i, step)
		logged := slices.IndexFunc(state.Log.Steps, func(l rollout.StepLog) bool { return l.Step == i })
		one.Is = isNow(state, i, logged >= 0)
		if logged >= 0 {
			begun := state.Log.Steps[logged]
			one.At, one.Took = moment(begun.Asked, now), lasted(begun.Asked, begun.Left, now)
		}
		out = append(out, one)
	}
	return out
}

// isNow is the part that the step of an index is in.
func isNow(s rollout.State, i int, begun bool) string {
	switch {
	case s.Phase == rollout.RollingBack && begun && i == s.Step:
		return stepLeft
	case begun && i == s.Step && s.Phase == rollout.Stepping:
		return stepNow
	case begun:
		return stepDone
	case s.Phase == rollout.Promoting || (s.Phase == rollout.Stepping && i < s.Step):
		return stepSkipped
	default:
		return stepNext
	}
}

// plain shows a step as it was written.
func plain(i int, step rollout.Step) Step {
	return Step{Number: i + 1, Weight: fmt.Sprintf("%d%%", step.Weight), Rule: rule(step)}
}

// rule says how long a step lasts.
func rule(step rollout.Step) string {
	_, wait, waits := strings.Cut(step.String(), ":")
	switch {
	case step.Pause:
		return "until told"
	case waits:
		return wait
	default:
		return "once healthy"
	}
}

func lasted(from, to, now time.Time) string {
	if from.IsZero() {
		return ""
	}
	if to.IsZero() {
		to = now
	}
	return span(to.Sub(from))
}

// pastSteps shows the steps of a release that is over.
func pastSteps(r ledger.Record, now time.Time) []Step {
	var out []Step
	for i, step := range r.Steps {
		one := plain(step.Number-1, rollout.StepsOrLast(step.Step).At(0))
		one.Is, one.At, one.Took = stepDone, moment(step.Asked, now), lasted(step.Asked, step.Left, now)
		if r.Result != string(rollout.Completed) && i == len(r.Steps)-1 {
			one.Is = stepLeft
		}
		out = append(out, one)
	}
	return out
}
