// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"github.com/evenkeel-dev/evenkeel/policy"
)

// check collects the violations, each with what follows from it.
func (r *review) check() {
	override := r.override()
	for _, c := range checks {
		if r.Policy.Checks.Action(c.name, r.Now) == policy.Off || (c.change && !r.goesForward()) || r.blind(c) {
			continue
		}
		severity, message := r.look(c)
		if severity == 0 {
			continue
		}
		v := policy.Violation{Check: c.name, Message: message}
		v.Action, v.Excuse = r.consequence(c, severity, message, override)
		r.Violations = append(r.Violations, v)
		if v.Action == policy.Warn {
			r.warn("%s", v.Line())
		}
	}
}

// look asks a check, and tells whoever watches.
func (r *review) look(c check) (severity int, message string) {
	if r.Watch == nil {
		return c.find(r.world())
	}
	r.Watch(c.name, false)
	severity, message = c.find(r.world())
	r.Watch(c.name, true)
	return severity, message
}

// goesForward tells whether another template comes to pods that run, and not one
// that they had before.
func (r *review) goesForward() bool { return r.Old != nil && r.TemplateChanged && r.back == nil }

// world is the object that comes out of the review.
func (r *review) world() world {
	return world{Deployment: r.Object, policy: r.Policy, near: r.Neighbours, now: r.Now}
}

// blind tells whether a check lacks the neighbours that it needs, and says so
// where they are unknown by accident.
func (r *review) blind(c check) bool {
	for _, kind := range c.needs {
		why, unknown := r.Neighbours.Unknown[kind]
		if unknown && why != "" && r.Policy.Checks.Action(c.name, r.Now) != policy.Audit {
			r.warn("%s was not checked: %s are not known: %s", c.name, kind, why)
		}
		if unknown {
			return true
		}
	}
	return false
}

// consequence gives what follows from a violation, and why it is less than the
// policy's word where it is.
func (r *review) consequence(c check, severity int, message string, override policy.Override) (policy.Action, policy.Excuse) {
	action := r.Policy.Checks.Action(c.name, r.Now)
	switch {
	case action == policy.Warn && r.Now.Before(r.Policy.Checks.EnforceFrom[c.name]):
		return policy.Warn, policy.Staged
	case action != policy.Enforce:
		return action, ""
	case !c.change && r.stood(c, severity, message):
		return policy.Warn, policy.Stood
	case override.Lets(c.name, r.Now) || (c.alias != nil && override.Lets(c.alias(r.world()), r.Now)):
		return policy.Warn, policy.Overridden
	case c.late && r.Old == nil:
		return policy.Warn, policy.Early
	default:
		return policy.Enforce, ""
	}
}

// stood tells whether a violation was there before, and no better, so that
// nobody gets stuck on an old sin.
func (r *review) stood(c check, severity int, message string) bool {
	if r.Old == nil {
		return false
	}
	old := world{Deployment: r.Old, policy: r.Policy.WithAnnotations(r.Old.Annotations), near: r.Neighbours, now: r.Now}
	before, said := c.find(old)
	if before == 0 {
		return false
	}
	same := said == message
	if c.same != nil {
		same = c.same(r.Old, r.Object)
	}
	return same || (c.graded && before >= severity)
}
