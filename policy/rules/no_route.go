// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"

	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// noRoute finds a release whose traffic no route can divide: of a canary the pods
// alone change, of a blue-green release the Services move all traffic at its end.
// Where annotations ask for what a route alone can do, admission refuses a changed
// template while one of the routes cannot. On CREATE it only warns: the route may
// come right after.
//
// Reads the strategy, the Services and what leads to them, and the annotations.
func noRoute(d world) (int, string) {
	asks := d.policy.Rollout.Strategy == policy.StrategyCanary || d.policy.Rollout.Strategy == policy.StrategyBlueGreen
	if !asks || ptr.Deref(d.Spec.Replicas, 1) == 0 {
		return 0, ""
	}
	if i := slices.IndexFunc(d.near.Routes, func(r policy.Route) bool { return r.Problem != "" }); i >= 0 && d.policy.Rollout.ByRoute {
		return 1, "a changed template is refused, since traffic would follow no step: " + d.near.Routes[i].Problem
	}
	why := undivided(d.near)
	switch {
	case why == "":
		return 0, ""
	case d.policy.Rollout.Strategy == policy.StrategyCanary:
		return 1, "no traffic is divided, its pods alone change step by step: " + why
	case len(d.near.Services) == 0:
		return 1, "no traffic is moved, its pods alone change: " + why
	default:
		return 1, "no route is switched, the Service alone moves all traffic at the end: " + why
	}
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
