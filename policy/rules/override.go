// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"time"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// override is the emergency's word that counts now; none lets nothing pass.
func (r *review) override() policy.Override {
	text, set := r.New.Annotations[policy.OverrideAnnotation]
	if !set || !r.Policy.Emergency.Enabled {
		return policy.Override{}
	}
	o, err := policy.ParseOverride(text)
	switch {
	case err != nil || o.Until.Sub(r.Now) > r.Policy.Emergency.MaxDuration:
		return policy.Override{} // the check tells
	case !r.Now.Before(o.Until):
		r.warn("the override ended at %s; remove annotation %s", o.Until.Format(time.RFC3339), policy.OverrideAnnotation)
		return policy.Override{}
	default:
		r.Override = &o
		r.warn("an override is in force until %s: %s", o.Until.Format(time.RFC3339), o.Reason)
		return o
	}
}

// brokenOverride finds an emergency's annotation that cannot be followed.
func brokenOverride(d world) (int, string) {
	text, set := d.Annotations[policy.OverrideAnnotation]
	if !set {
		return 0, ""
	}
	if !d.policy.Emergency.Enabled {
		return 1, fmt.Sprintf("annotation %s: policy rule %s lets nobody override; remove it", policy.OverrideAnnotation, d.policy.Rule)
	}
	o, err := policy.ParseOverride(text)
	if err != nil {
		return 1, fmt.Sprintf("annotation %s: %v", policy.OverrideAnnotation, err)
	}
	if most := d.policy.Emergency.MaxDuration; o.Until.Sub(d.now) > most {
		return 1, fmt.Sprintf("annotation %s: it may last %s at most here; write:\n  until=%s", policy.OverrideAnnotation, most, d.now.Add(most).UTC().Format(time.RFC3339))
	}
	return 0, ""
}
