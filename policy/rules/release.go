// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// unknownStrategy finds words about the release that nobody understands.
func unknownStrategy(d world) (int, string) {
	for _, word := range []struct {
		annotation, what string
		known            []string
	}{
		{policy.StrategyAnnotation, "strategy", rollout.Strategies()},
		{policy.CapacityAnnotation, "capacity", rollout.Capacities()},
	} {
		if value, set := d.Annotations[word.annotation]; set && !slices.Contains(word.known, value) {
			return 1, fmt.Sprintf("annotation %s: %q is not a %s; write one of: %s", word.annotation, value, word.what, strings.Join(word.known, ", "))
		}
	}
	if d.policy.Rollout.Strategy == policy.StrategyBlueGreen && d.Annotations[policy.CapacityAnnotation] == rollout.Replace {
		return 1, fmt.Sprintf("annotation %s: \"replace\": a blue-green release keeps both versions whole; write \"surge\", or leave it out", policy.CapacityAnnotation)
	}
	return unreadable(d)
}

// unreadable finds a match, a mirror or a route that cannot be read, and a host that
// the policy does not let a release have.
func unreadable(d world) (int, string) {
	if _, err := route.ParseMatch(d.Annotations[policy.MatchAnnotation]); err != nil {
		return 1, fmt.Sprintf("annotation %s: %v", policy.MatchAnnotation, err)
	}
	if why := d.policy.StrangeHosts(); why != "" {
		return 1, why
	}
	if _, err := route.ParseMirror(d.Annotations[policy.MirrorAnnotation]); err != nil {
		return 1, fmt.Sprintf("annotation %s: %v", policy.MirrorAnnotation, err)
	}
	if _, err := route.ParseRefs(d.Annotations[policy.RouteAnnotation]); err != nil {
		return 1, fmt.Sprintf("annotation %s: %v", policy.RouteAnnotation, err)
	}
	return 0, ""
}

// brokenSteps finds a list of steps that cannot be read.
func brokenSteps(d world) (int, string) {
	text, set := d.Annotations[policy.StepsAnnotation]
	if !set {
		return 0, ""
	}
	if _, err := rollout.StepsFor(d.policy.Rollout.Strategy, text); err != nil {
		return 1, fmt.Sprintf("annotation %s: %v", policy.StepsAnnotation, err)
	}
	return 0, ""
}
