// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"strings"
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

// Workload names one as a person types it.
type Workload struct{ Kind, Namespace, Name string }

// Line is what a person types to let a guard pass for an hour; empty where the
// policy lets nobody.
func (e Emergency) Line(w Workload, guard string, now time.Time) string {
	if !e.Enabled {
		return ""
	}
	until := now.Add(min(time.Hour, e.MaxDuration)).UTC().Format(time.RFC3339)
	namespace := ""
	if w.Namespace != "" {
		namespace = " -n " + w.Namespace
	}
	return fmt.Sprintf("kubectl annotate %s%s %s --overwrite %s=%q",
		strings.ToLower(w.Kind), namespace, w.Name, OverrideAnnotation, "checks="+guard+"; until="+until+"; reason=WHY")
}

// Refusal is why no further step can start at a time, and what to type in an
// emergency; empty where the way is open.
func (p Policy) Refusal(w Workload, override string, now time.Time) string {
	closed, _ := p.Rollout.Look(p.Emergency.Override(override, now), now)
	line := p.Emergency.Line(w, string(closed.By), now)
	if closed.Why == "" || line == "" {
		return closed.Why
	}
	return closed.Why + ". In an emergency, type this first:\n  " + line
}

// Ungated is what is wrong with a rolling update at a time, and what to type in an
// emergency; empty where the way is open.
func (p Policy) Ungated(w Workload, override string, now time.Time) string {
	why := p.Refusal(w, override, now)
	if why == "" {
		return ""
	}
	return "a rolling update would start now, and has no gate; wait until " + why
}

// Notice tells whoever starts a release that has a gate what it waits for, and what
// to type in an emergency; nothing where its way is open.
func (p Policy) Notice(w Workload, override string, now time.Time) []string {
	closed, passed := p.Rollout.Look(p.Emergency.Override(override, now), now)
	switch {
	case passed != "":
		closed, _ = p.Rollout.Calendar.Look(now)
		return []string{"evenkeel: the override lets it go forward, which else would wait until " + closed.Why}
	case closed.Why == "":
		return nil
	}
	notice := []string{"evenkeel: its gate stays shut until " + closed.Why}
	if line := p.Emergency.Line(w, string(closed.By), now); line != "" {
		notice = append(notice, "evenkeel: in an emergency type: "+line)
	}
	return notice
}
