// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"cmp"
	"slices"
	"time"
)

const (
	// keptFor is how long a release that is over stands on the first page.
	keptFor = 72 * time.Hour
	// maxFlights and maxEnded bound the first page.
	maxFlights = 200
	maxEnded   = 30
	// lately is how long something that went wrong is counted.
	lately = 24 * time.Hour
)

// Overview is the first page.
type Overview struct {
	At Time
	// Waiting, Moving and Wrong count: those that wait for a person, those that go
	// on by themselves, and those that went back or cannot be read, of the last day.
	Waiting, Moving, Wrong int
	// Flights are in flight, the most urgent first; Ended are over, the latest first.
	Flights, Ended []Release
	// MoreFlights and MoreEnded count those that are left out.
	MoreFlights, MoreEnded int
}

// Over gives the first page.
func Over(all []Seen, now time.Time) Overview {
	o := Overview{At: moment(now, now)}
	var flights, ended []Seen
	for _, one := range all {
		if !one.worth(now) {
			continue
		}
		o.count(one, now)
		if one.Frozen != "" || one.State.InFlight() {
			flights = append(flights, one)
		} else {
			ended = append(ended, one)
		}
	}
	slices.SortFunc(flights, urgent)
	slices.SortFunc(ended, func(a, b Seen) int { return cmp.Or(b.State.Since.Compare(a.State.Since), byName(a, b)) })
	o.Flights, o.MoreFlights = looks(flights, maxFlights, now)
	o.Ended, o.MoreEnded = looks(ended, maxEnded, now)
	return o
}

// count adds one to the figures at the top.
func (o *Overview) count(s Seen, now time.Time) {
	switch markOf(s) {
	case Person:
		o.Waiting++
	case Frozen, Back:
		o.Wrong++
	case Failed:
		if now.Sub(s.State.Since) <= lately {
			o.Wrong++
		}
	case Moving:
		o.Moving++
	}
}

// marks are in the order of urgency.
var marks = []Mark{Frozen, Person, Back, Moving, Failed, Done}

// urgent orders what is in flight: the most urgent first, then the oldest.
func urgent(a, b Seen) int {
	return cmp.Or(
		cmp.Compare(slices.Index(marks, markOf(a)), slices.Index(marks, markOf(b))),
		a.State.Log.Began.Compare(b.State.Log.Began), byName(a, b),
	)
}

func byName(a, b Seen) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind))
}

// looks gives the views of the first of them, and how many are left out.
func looks(all []Seen, most int, now time.Time) ([]Release, int) {
	var out []Release
	for _, one := range all[:min(len(all), most)] {
		out = append(out, Look(one, now))
	}
	return out, len(all) - len(out)
}
