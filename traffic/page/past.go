// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"cmp"
	"slices"
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
		Steps: pastSteps(r, now), Curve: pastCurve(r, now), Said: wordsOf(r.Told, now),
	}
}
