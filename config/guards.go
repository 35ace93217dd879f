// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/policy/window"
)

const (
	// longestWindow is a week: what comes again sooner is always open.
	longestWindow = 7 * 24 * time.Hour
	// maxFreezeReason bounds what stands in every wait, in bytes.
	maxFreezeReason = 200
	// maxWindows and maxFreezes bound what is looked at in every review.
	maxWindows, maxFreezes = 32, 100
)

// policy is the budget in force; what is left out has no bound.
func (b *Budget) policy() policy.Budget {
	if b == nil {
		return policy.Budget{}
	}
	return policy.Budget{Cluster: int(ptr.Deref(b.Cluster, 0)), Namespace: int(ptr.Deref(b.Namespace, 0))}
}

// putWindows sets windows that are valid.
func putWindows(p *policy.Policy, windows []Window) {
	p.Rollout.Calendar.Windows = nil
	for _, w := range windows {
		starts, err := window.ParseCron(w.Cron)
		if err != nil {
			continue // cannot happen: validation comes first
		}
		zone, err := window.ParseZone(w.TimeZone)
		if err != nil {
			continue
		}
		p.Rollout.Calendar.Windows = append(p.Rollout.Calendar.Windows, window.Window{Starts: starts, Lasts: w.Duration.Duration, Zone: zone})
	}
}

func putFreezes(p *policy.Policy, freezes []Freeze) {
	p.Rollout.Calendar.Freezes = nil
	for _, f := range freezes {
		p.Rollout.Calendar.Freezes = append(p.Rollout.Calendar.Freezes, window.Freeze{From: f.From.Time, Until: f.Until.Time, Reason: f.Reason})
	}
}

func validateBudget(b *Budget, at *field.Path) field.ErrorList {
	if b == nil {
		return nil
	}
	var errs field.ErrorList
	for _, given := range []struct {
		name string
		most *int32
	}{{"cluster", b.Cluster}, {"namespace", b.Namespace}} {
		if given.most != nil && *given.most < 1 {
			errs = append(errs, field.Invalid(at.Child(given.name), *given.most, "must be 1 or more: with 0 no release would ever start; to stop them for a while, write a freeze"))
		}
	}
	return errs
}

// validateGuards looks at when releases may go forward.
func validateGuards(r Rollout, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	if n := len(ptr.Deref(r.Windows, nil)); n > maxWindows {
		errs = append(errs, field.TooMany(at.Child("windows"), n, maxWindows))
	}
	if n := len(ptr.Deref(r.Freezes, nil)); n > maxFreezes {
		errs = append(errs, field.TooMany(at.Child("freezes"), n, maxFreezes))
	}
	for i, w := range ptr.Deref(r.Windows, nil) {
		errs = append(errs, validateWindow(w, at.Child("windows").Index(i))...)
	}
	for i, f := range ptr.Deref(r.Freezes, nil) {
		errs = append(errs, validateFreeze(f, at.Child("freezes").Index(i))...)
	}
	return errs
}

func validateWindow(w Window, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	if _, err := window.ParseCron(w.Cron); err != nil {
		errs = append(errs, field.Invalid(at.Child("cron"), w.Cron, err.Error()))
	}
	if w.Duration.Duration < time.Minute || w.Duration.Duration > longestWindow {
		errs = append(errs, field.Invalid(at.Child("duration"), w.Duration.Duration.String(), "a duration from 1m to 168h"))
	}
	if _, err := window.ParseZone(w.TimeZone); err != nil {
		errs = append(errs, field.Invalid(at.Child("timeZone"), w.TimeZone, err.Error()))
	}
	return errs
}

func validateFreeze(f Freeze, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, given := range []struct {
		name    string
		missing bool
	}{{"from", f.From.IsZero()}, {"until", f.Until.IsZero()}} {
		if given.missing {
			errs = append(errs, field.Required(at.Child(given.name), `a time such as "2026-12-31T18:00:00Z"`))
		}
	}
	if len(errs) == 0 && !f.From.Before(&f.Until) {
		errs = append(errs, field.Invalid(at.Child("until"), f.Until.UTC().Format(time.RFC3339), "a freeze ends after it begins"))
	}
	switch {
	case f.Reason == "":
		errs = append(errs, field.Required(at.Child("reason"), "whoever waits reads it"))
	case len(f.Reason) > maxFreezeReason:
		errs = append(errs, field.TooLong(at.Child("reason"), f.Reason, maxFreezeReason))
	}
	return errs
}
