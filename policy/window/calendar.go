// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package window

import (
	"fmt"
	"time"
)

// Calendar is when releases may go forward: within one of the windows, where
// there are any, and in no freeze. The zero Calendar is always open.
type Calendar struct {
	Windows []Window
	Freezes []Freeze
}

// Freeze is a time in which no release goes forward.
type Freeze struct {
	From, Until time.Time
	// Reason is for people.
	Reason string
}

// Cause names what closes a calendar.
type Cause string

// The causes.
const (
	ByWindow Cause = "window"
	ByFreeze Cause = "freeze"
)

// Closed is a calendar that is not open.
type Closed struct {
	By Cause
	// Why is what is waited for. It says the same until that is there.
	Why string
	// Until is when that is there; zero is not in the next five years.
	Until time.Time
}

// most bounds the search for an opening among freezes and windows.
const most = 1000

// Look tells whether the calendar is open at a time, and else what closes it.
func (c Calendar) Look(now time.Time) (closed Closed, open bool) {
	if freeze, frozen := c.frozen(now); frozen {
		return Closed{By: ByFreeze, Until: freeze.Until, Why: fmt.Sprintf("a freeze until %s is over: %s", freeze.Until.UTC().Format(time.RFC3339), freeze.Reason)}, false
	}
	if _, within := c.within(now); within {
		return Closed{}, true
	}
	opens := c.opens(now)
	if opens.IsZero() {
		return Closed{By: ByWindow, Why: "a release window opens (there is none in the next five years)"}, false
	}
	return Closed{By: ByWindow, Until: opens, Why: fmt.Sprintf("the release window opens (%s %s)", opens.Format("Mon 2006-01-02 15:04"), opens.Location())}, false
}

// Without is the calendar with no cause of one kind.
func (c Calendar) Without(cause Cause) Calendar {
	if cause == ByWindow {
		return Calendar{Freezes: c.Freezes}
	}
	return Calendar{Windows: c.Windows}
}

// frozen gives the freeze at a time that lasts longest.
func (c Calendar) frozen(at time.Time) (longest Freeze, frozen bool) {
	for _, freeze := range c.Freezes {
		if !at.Before(freeze.From) && at.Before(freeze.Until) && freeze.Until.After(longest.Until) {
			longest, frozen = freeze, true
		}
	}
	return longest, frozen
}

// within gives the zone of a window that is open at a time.
func (c Calendar) within(at time.Time) (*time.Location, bool) {
	for _, window := range c.Windows {
		if window.open(at) {
			return window.Zone, true
		}
	}
	return time.UTC, len(c.Windows) == 0
}

// opens is the first time from now on that is within a window and in no freeze,
// by the clock of that window; zero where there is none.
func (c Calendar) opens(now time.Time) time.Time {
	for range most {
		if freeze, frozen := c.frozen(now); frozen {
			now = freeze.Until
			continue
		}
		if zone, within := c.within(now); within {
			return now.In(zone)
		}
		if now = c.next(now); now.IsZero() {
			return now
		}
	}
	return time.Time{}
}

// next is when the first of the windows opens after a time.
func (c Calendar) next(after time.Time) (soonest time.Time) {
	for _, window := range c.Windows {
		if start := window.next(after); !start.IsZero() && (soonest.IsZero() || start.Before(soonest)) {
			soonest = start
		}
	}
	return soonest
}
