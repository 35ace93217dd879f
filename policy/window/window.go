// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package window

import (
	"errors"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // the image has no zoneinfo

	"github.com/robfig/cron/v3"
)

// Window is a time that comes again.
type Window struct {
	// Starts says when it opens, by the clock on the wall of Zone.
	Starts cron.Schedule
	// Lasts is how long it stays open. Hours are hours, also in a night in which
	// the clocks change.
	Lasts time.Duration
	Zone  *time.Location
}

// CronExample is a cron expression that works, shown wherever one did not.
const CronExample = "0 9 * * 1-5"

// fields are the five that a CronJob's schedule has.
var fields = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

// slack is more than what any zone sets its clocks forward or back at once.
const slack = 3 * time.Hour

// ParseCron reads the five fields of a cron expression, as a CronJob has them.
// The time zone stands beside it, and a day that never comes is an error.
func ParseCron(text string) (cron.Schedule, error) {
	if strings.Contains(text, "TZ=") {
		return nil, errors.New("a time zone stands in the field timeZone, not here")
	}
	starts, err := fields.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%w; write for example %q", err, CronExample)
	}
	if starts.Next(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, errors.New("there is no such day")
	}
	return starts, nil
}

// ParseZone reads the name of a time zone, such as Europe/Berlin; no name is UTC.
func ParseZone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, fmt.Errorf("%q is not a time zone; write for example %q", name, "Europe/Berlin")
	}
	return zone, nil
}

// open tells whether the window has opened before a time, or then, and lasts.
func (w Window) open(at time.Time) bool {
	last := w.wall(at).Add(slack)
	for fake := w.Starts.Next(w.wall(at.Add(-w.Lasts)).Add(-slack)); !fake.IsZero() && fake.Before(last); fake = w.Starts.Next(fake) {
		if start := w.real(fake); !start.After(at) && start.Add(w.Lasts).After(at) {
			return true
		}
	}
	return false
}

// next is when the window opens after a time; zero is not in the next five years.
func (w Window) next(after time.Time) (soonest time.Time) {
	for fake := w.Starts.Next(w.wall(after).Add(-slack)); !fake.IsZero(); fake = w.Starts.Next(fake) {
		start := w.real(fake)
		if start.After(after) && (soonest.IsZero() || start.Before(soonest)) {
			soonest = start
		}
		if !soonest.IsZero() && fake.After(w.wall(soonest).Add(slack)) {
			break
		}
	}
	return soonest
}

// wall is what the clock on the wall shows, as if it were UTC: there no hour is
// left out and none comes twice, so that every day has its window.
func (w Window) wall(t time.Time) time.Time {
	t = t.In(w.Zone)
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// real is the first time at which the clock on the wall shows that, or more: where
// the hour is left out it is when the clocks are set forward.
func (w Window) real(fake time.Time) time.Time {
	shows := time.Date(fake.Year(), fake.Month(), fake.Day(), fake.Hour(), fake.Minute(), fake.Second(), 0, w.Zone)
	from, until := shows.ZoneBounds()
	switch wall := w.wall(shows); {
	case wall.After(fake):
		return from
	case wall.Before(fake):
		return until
	case from.IsZero():
		return shows
	}
	_, now := shows.Zone()
	_, before := from.Add(-time.Second).Zone()
	if first := shows.Add(time.Duration(now-before) * time.Second); first.Before(from) && before > now {
		return first
	}
	return shows
}
