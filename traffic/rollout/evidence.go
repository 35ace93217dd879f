// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"slices"
	"time"

	"github.com/evenkeel-dev/evenkeel/policy/excerpt"
)

// MaxAnalyses bounds the analyses of a rollout, so that a state annotation stays small.
const MaxAnalyses = 8

// maxSays bounds what is kept of a measurement's sentence, in bytes.
const maxSays = 300

// Verdict is what one measurement says about the canary.
type Verdict string

// The verdicts. No data is Inconclusive, and never Passed.
const (
	Passed       Verdict = "Passed"
	Failed       Verdict = "Failed"
	Inconclusive Verdict = "Inconclusive"
)

// Measurement is one answer to the question whether the canary is well.
type Measurement struct {
	// At is when it was asked for: it counts for what was in place then.
	At      time.Time `json:"at"`
	Verdict Verdict   `json:"verdict"`
	// Says is one sentence with the numbers.
	Says string `json:"says,omitempty"`
}

// Analysis is evidence of one kind, which each step with traffic waits for. What
// is frozen when the rollout starts comes first, the counts are of the current step.
type Analysis struct {
	// Name is that of the analysis in the policy.
	Name string `json:"name"`
	// Interval is the time between two measurements.
	Interval Duration `json:"interval"`
	// FailureLimit is how many failures of a step are still let pass.
	FailureLimit int `json:"failureLimit,omitempty"`
	// InconclusiveLimit is how many measurements in a row may say nothing before
	// the step's time stands still.
	InconclusiveLimit int `json:"inconclusiveLimit,omitempty"`
	// DryRun only tells: nothing waits for it.
	DryRun bool `json:"dryRun,omitempty"`
	// Compares tells that all it does is to compare with stable, which a canary
	// with all the traffic leaves nothing to compare with.
	Compares bool `json:"compares,omitempty"`

	// Passed counts since the step's weight was accepted last, Failed since the
	// step began, Inconclusive since a measurement said something.
	Passed       int `json:"passed,omitempty"`
	Failed       int `json:"failed,omitempty"`
	Inconclusive int `json:"inconclusive,omitempty"`
	// Last is the newest measurement of the step.
	Last *Measurement `json:"last,omitempty"`
}

// guards names the analyses that something waits for.
func (s State) guards() (names []string) {
	for _, a := range s.Analyses {
		if !a.DryRun {
			names = append(names, a.Name)
		}
	}
	return names
}

// Measured lists the analyses that are to be measured now: while the canary has
// traffic, or copies of it, at a weight that was accepted.
func (s State) Measured() []Analysis {
	if !s.measurable() {
		return nil
	}
	var out []Analysis
	for _, a := range s.Analyses {
		if !a.Compares || s.Weight < 100 {
			out = append(out, a)
		}
	}
	return out
}

func (s State) measurable() bool {
	switch {
	case s.Phase != Stepping || s.Canary.Hash == "":
		return false
	case s.Stage != StageDwell && s.Stage != StageScale:
		return false
	case s.Divides():
		return s.serves()
	default:
		return s.Weight > 0
	}
}

// measured takes in the newest measurement of one analysis, each of them once.
func measured(s Snapshot, _ time.Time) (Decision, bool) {
	for _, asked := range s.State.Measured() {
		m, there := s.Measurements[asked.Name]
		if m.At = stamp(m.At); !there || m.At.Before(s.State.Since) || (asked.Last != nil && !m.At.After(asked.Last.At)) {
			continue
		}
		state := s.State
		state.Analyses = slices.Clone(state.Analyses)
		i := slices.IndexFunc(state.Analyses, func(a Analysis) bool { return a.Name == asked.Name })
		state.Analyses[i] = asked.with(m)
		return Decision{State: state, Event: eventMeasured(state, asked, state.Analyses[i])}, true
	}
	return Decision{}, false
}

// with counts a measurement.
func (a Analysis) with(m Measurement) Analysis {
	m.Says = excerpt.Bytes(m.Says, maxSays)
	a.Last = &m
	switch m.Verdict {
	case Passed:
		a.Passed, a.Inconclusive = a.Passed+1, 0
	case Failed:
		a.Failed, a.Inconclusive = a.Failed+1, 0
	default:
		a.Inconclusive++
	}
	return a
}

// failed goes back, or holds for a person, once an analysis fails more often in a
// step than it may.
func failed(s Snapshot, now time.Time) (Decision, bool) {
	for _, a := range s.State.Measured() {
		switch {
		case a.DryRun || a.Failed <= a.FailureLimit:
		case s.State.OnFailure == OnFailureHold:
			return waitFor(s.State, waitFailed(a.Name)), true
		default:
			return rollBack(s.State, reasonFailed(a), now), true
		}
	}
	return Decision{}, false
}

// unclear waits for an analysis that has said nothing more often in a row than it
// may: a step stands still on what is not known.
func (s Snapshot) unclear() string {
	for _, a := range s.State.Measured() {
		if !a.DryRun && a.Inconclusive > a.InconclusiveLimit {
			return waitUnclear(a.Name)
		}
	}
	return ""
}

// unproved waits for each analysis to have passed in this step, and to have done
// so last. ready is when the step had waited for all else.
func (s Snapshot) unproved(ready time.Time) (outcome, bool) {
	for _, a := range s.State.Measured() {
		if a.DryRun || (a.Passed > 0 && a.Last.Verdict == Passed) {
			continue
		}
		from := ready.Add(time.Duration(a.Interval))
		if a.Last != nil && a.Last.At.After(from) {
			from = a.Last.At
		}
		return outcome{wait: waitEvidence(a.Name), from: from}, true
	}
	return outcome{}, false
}

// unmeasured are analyses of which nothing is known yet, as a step begins with.
func unmeasured(all []Analysis) []Analysis {
	out := slices.Clone(all)
	for i := range out {
		out[i].Passed, out[i].Failed, out[i].Inconclusive, out[i].Last = 0, 0, 0, nil
	}
	return out
}

// unpassed are analyses that have to pass again, at a weight that was accepted now.
func unpassed(all []Analysis) []Analysis {
	out := slices.Clone(all)
	for i := range out {
		out[i].Passed, out[i].Inconclusive = 0, 0
	}
	return out
}

// waived are analyses for which nothing waits: a person took the decision.
func waived(all []Analysis) []Analysis {
	out := unmeasured(all)
	for i := range out {
		out[i].DryRun = true
	}
	return out
}
