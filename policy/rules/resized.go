// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"github.com/evenkeel-dev/evenkeel/policy"
)

// Resized gives the warnings for a live Deployment (the subject's New) that is
// scaled: of the checks that speak up, what its own numbers come to at the new
// size and did not, or not as badly, at the old one. Nothing is filled in, since
// whoever scales writes nothing but the size, and nothing is ever refused.
func Resized(s policy.Subject, replicas int32) []string {
	before := &review{Subject: s, Plan: policy.Plan{Object: s.New}}
	after := &review{Subject: s, Plan: policy.Plan{Object: s.New.DeepCopy()}}
	after.Object.Spec.Replicas = &replicas
	for _, c := range checks {
		if action := s.Policy.Checks.Action(c.name, s.Now); action == policy.Off || action == policy.Audit || c.change || after.lacks(c) {
			continue
		}
		severity, message := c.find(after.world())
		if severity == 0 {
			continue
		}
		if was, _ := c.find(before.world()); was < severity {
			after.warn("%s", policy.Violation{Check: c.name, Message: message}.Line())
		}
	}
	return after.Warnings
}

// lacks tells whether a check lacks the neighbours that it needs.
func (r *review) lacks(c check) bool {
	for _, kind := range c.needs {
		if _, unknown := r.Neighbours.Unknown[kind]; unknown {
			return true
		}
	}
	return false
}
