// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"slices"
	"time"

	"github.com/evenkeel-dev/evenkeel/policy/excerpt"
)

// MaxAnalyses bounds the analyses of a rollout, so that a state annotation stays small.
const MaxAnalyses = 8

const (
	// maxSays bounds what is kept of a measurement's sentence, in bytes.
	maxSays = 300
	// quiet is the least time between two Events that repeat what an analysis says:
	// its interval may be a second, and a release may take a day.
	quiet = 10 * time.Second
)

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
	// Last is the newest measurement of the step, Told the time of the one that an
	// Event told last.
	Last *Measurement `json:"last,omitempty"`
	Told time.Time    `json:"told,omitzero"`
}

// Evidence are the analyses of a release.
type Evidence []Analysis

// Guards names the analyses that something waits for.
func (e Evidence) Guards() (names []string) {
	for _, a := range e {
		if !a.DryRun {
			names = append(names, a.Name)
		}
	}
	return names
}

// Taken is a measurement that was taken in: its analysis as it was, as it is, and
// all of them as they are now.
type Taken struct {
	Before, Now Analysis
	All         Evidence
}

// Take takes in the newest measurement of one of the analyses that are asked, each
// measurement once, and none of before a time.
func (e Evidence) Take(asked Evidence, known map[string]Measurement, since time.Time) (Taken, bool) {
	for _, before := range asked {
		m, there := known[before.Name]
		if m.At = stamp(m.At); !there || m.At.Before(since) || (before.Last != nil && !m.At.After(before.Last.At)) {
			continue
		}
		now, all := before.with(m), slices.Clone(e)
		all[slices.IndexFunc(all, func(a Analysis) bool { return a.Name == now.Name })] = now
		return Taken{before, now, all}, true
	}
	return Taken{}, false
}

// Failed is the first analysis that failed more often in a step than it may.
func (e Evidence) Failed() (Analysis, bool) {
	at := slices.IndexFunc(e, func(a Analysis) bool { return !a.DryRun && a.Failed > a.FailureLimit })
	if at < 0 {
		return Analysis{}, false
	}
	return e[at], true
}

// Unclear waits for an analysis that has said nothing more often in a row than it
// may: a step stands still on what is not known.
func (e Evidence) Unclear() string {
	for _, a := range e {
		if !a.DryRun && a.Inconclusive > a.InconclusiveLimit {
			return waitUnclear(a.Name)
		}
	}
	return ""
}

// Unproved waits for each analysis to have passed in this step, and to have done
// so last. ready is when the step had waited for all else, and from is when that
// wait began.
func (e Evidence) Unproved(ready time.Time) (wait string, from time.Time) {
	for _, a := range e {
		if a.DryRun || (a.Passed > 0 && a.Last.Verdict == Passed) {
			continue
		}
		from = ready.Add(time.Duration(a.Interval))
		if a.Last != nil && a.Last.At.After(from) {
			from = a.Last.At
		}
		return waitEvidence(a.Name), from
	}
	return "", time.Time{}
}

// Unmeasured are analyses of which nothing is known yet, as a step begins with.
func (e Evidence) Unmeasured() Evidence {
	out := slices.Clone(e)
	for i := range out {
		out[i].Passed, out[i].Failed, out[i].Inconclusive, out[i].Last, out[i].Told = 0, 0, 0, nil, time.Time{}
	}
	return out
}

// Unpassed are analyses that have to pass again, at a weight that was accepted now.
func (e Evidence) Unpassed() Evidence {
	out := slices.Clone(e)
	for i := range out {
		out[i].Passed, out[i].Inconclusive = 0, 0
	}
	return out
}

// Waived are analyses for which nothing waits: a person took the decision.
func (e Evidence) Waived() Evidence {
	out := e.Unmeasured()
	for i := range out {
		out[i].DryRun = true
	}
	return out
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
	if a.tells() {
		a.Told = m.At
	}
	return a
}

// tells says whether an Event tells the newest measurement: the first that passes
// in a step, the first that fails and the one that decides, and all the others that
// do not pass, if the last Event is not just there.
func (a Analysis) tells() bool {
	switch loud := !a.Last.At.Before(a.Told.Add(quiet)); a.Last.Verdict {
	case Passed:
		return a.Passed == 1
	case Failed:
		return loud || a.Failed == 1 || a.Failed == a.FailureLimit+1
	default:
		return loud
	}
}

// Event tells a measurement that was taken in at a place of the release; nil where
// it is not told.
func (t Taken) Event(where string) *Event {
	now := t.Now
	if !now.Told.Equal(now.Last.At) {
		return nil
	}
	text := fmt.Sprintf("%s: analysis %q: %s", where, now.Name, now.Last.Says)
	if now.DryRun {
		text += " (nothing waits for it)"
	}
	switch now.Last.Verdict {
	case Passed:
		return &Event{Reason: "AnalysisPassed", Message: text}
	case Failed:
		return &Event{Reason: "AnalysisFailed", Warning: true, Message: fmt.Sprintf("%s; failures in this step: %d, and %d are let pass", text, now.Failed, now.FailureLimit)}
	default:
		return &Event{
			Reason: "AnalysisInconclusive", Warning: now.Inconclusive > now.InconclusiveLimit,
			Message: fmt.Sprintf("%s; in a row: %d, and %d are let pass", text, now.Inconclusive, now.InconclusiveLimit),
		}
	}
}
