// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"

	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// noRoute finds a canary whose traffic nobody can divide. It would be a plain
// rolling update. On CREATE it only warns: the route may come right after.
//
// Reads the strategy, the Services and what leads to them.
func noRoute(d world) (int, string) {
	asks := d.policy.Rollout.Strategy == policy.StrategyCanary || d.policy.Rollout.Strategy == policy.StrategyBlueGreen
	if !asks || ptr.Deref(d.Spec.Replicas, 1) == 0 {
		return 0, ""
	}
	if why := undivided(d.near); why != "" {
		return 1, "no traffic is divided, its pods alone change step by step: " + why
	}
	return 0, ""
}

// undivided says why traffic cannot be divided; empty when it can.
func undivided(near policy.Neighbours) string {
	if len(near.Services) == 0 {
		return "no Service selects its pods"
	}
	if slices.ContainsFunc(near.Routes, func(r policy.Route) bool { return r.Problem == "" }) {
		return ""
	}
	if len(near.Routes) > 0 {
		return near.Routes[0].Problem
	}
	text := "no route leads to Service"
	for i := range near.Services {
		if i > 0 {
			text += ","
		}
		text += fmt.Sprintf(" %q", near.Services[i].Name)
	}
	return text
}
