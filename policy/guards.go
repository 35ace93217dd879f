// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"time"

	"github.com/evenkeel-dev/evenkeel/policy/window"
)

// The guard rails that an override may name beside checks.
const (
	GuardWindow  = string(window.ByWindow)
	GuardFreeze  = string(window.ByFreeze)
	GuardBudget  = "budget"
	GuardMinStep = "min-step"
)

// Guards lists the guard rails.
func Guards() []string { return []string{GuardWindow, GuardFreeze, GuardBudget, GuardMinStep} }

// Budget is how many releases may be in flight at once, but for rolling updates;
// 0 is as many as there are.
type Budget struct {
	Cluster, Namespace int
}

// Override gives the emergency's word that an annotation says and that is in force
// at a time; one that lets nothing pass where there is none.
func (e Emergency) Override(annotation string, now time.Time) Override {
	o, err := ParseOverride(annotation)
	if err != nil || !e.Enabled || o.Until.Sub(now) > e.MaxDuration || !now.Before(o.Until) {
		return Override{}
	}
	return o
}

// Look tells what closes the release's way forward at a time; nothing where Why is
// empty. Where an override alone opens it, passed names what it let pass.
func (r Rollout) Look(o Override, now time.Time) (closed window.Closed, passed string) {
	closed, open := r.Calendar.Look(now)
	if open {
		return window.Closed{}, ""
	}
	calendar := r.Calendar
	for _, cause := range []window.Cause{window.ByWindow, window.ByFreeze} {
		if o.Lets(string(cause), now) {
			calendar = calendar.Without(cause)
		}
	}
	left, open := calendar.Look(now)
	if !open {
		return left, ""
	}
	return window.Closed{}, string(closed.By)
}
