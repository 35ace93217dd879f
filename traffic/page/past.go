// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/evenkeel-dev/evenkeel/traffic/ledger"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// Detail is the page of one release, and of those before it.
type Detail struct {
	At      Time
	Release Release
	// Past are the ledger's records, the latest first.
	Past []Record
	// Unread says why the ledger, or a part of it, cannot be read.
	Unread string
}

// Record is a release that is over as a page shows it.
type Record struct {
	Mark Mark
	// Result is what became of it in one word, Summary in one sentence.
	Result, Summary, Reason, By string
	From, To                    string
	Started, Ended              Time
	Took                        string
	Steps                       []Step
	Curve                       Curve
	Said                        []Word
	Measured                    []Measured
}

// Measured is one look of an analysis at a step of some weight; Bad is one that
// speaks against the new version.
type Measured struct {
	Weight, Analysis, Verdict, Text string
	At                              Time
	Bad                             bool
}

// Of gives the page of one release.
func Of(s Seen, past Past, now time.Time) Detail {
	d := Detail{At: moment(now, now), Release: Look(s, now), Unread: past.Unread}
	for _, one := range slices.Backward(past.Records[max(0, len(past.Records)-ledger.Most):]) {
		d.Past = append(d.Past, recordOf(one, now))
	}
	return d
}

// results are the words for how a release ended.
var results = map[string]struct {
	mark Mark
	word string
}{
	string(rollout.Completed):  {Done, "Completed"},
	string(rollout.RolledBack): {Failed, "Rolled back"},
	ledger.Replaced:            {Gone, "Replaced"},
}

func recordOf(r ledger.Record, now time.Time) Record {
	result := results[r.Result]
	return Record{
		Mark: cmp.Or(result.mark, Failed), Result: cmp.Or(result.word, r.Result), Summary: r.Summary(), Reason: r.Reason, By: r.AppliedBy,
		From: r.From.ReplicaSet, To: r.To.ReplicaSet, Started: moment(r.Started, now), Ended: moment(r.Ended, now), Took: lasted(r.Started, r.Ended, now),
		Steps: pastSteps(r, now), Curve: pastCurve(r, now), Said: wordsOf(r.Told, now), Measured: measured(r, now),
	}
}

// latest is what each analysis of a release in flight said last in its step.
func latest(s rollout.State, now time.Time) []Measured {
	var out []Measured
	if !s.InFlight() {
		return nil
	}
	for _, one := range s.Analyses {
		if last := one.Last; last != nil {
			out = append(out, Measured{fmt.Sprintf("%d%%", s.Weight), one.Name, string(last.Verdict), whole(last.Says), moment(last.At, now), last.Verdict == rollout.Failed})
		}
	}
	return out
}

// measured is what was seen in all of a release's steps, in their order.
func measured(r ledger.Record, now time.Time) []Measured {
	var out []Measured
	for _, step := range r.Steps {
		weight, _, _ := strings.Cut(step.Step, ":")
		for _, m := range step.Measurements {
			out = append(out, Measured{weight, m.Analysis, m.Verdict, whole(m.Text), moment(m.At, now), strings.EqualFold(m.Verdict, "failed")})
		}
	}
	return out
}

// whole keeps numbers and their percent signs on one line.
func whole(text string) string { return strings.ReplaceAll(text, " %", "\u00a0%") }
