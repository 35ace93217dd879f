// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// unknownStrategy finds a strategy that this version does not know.
func unknownStrategy(d world) (int, string) {
	switch value, set := d.Annotations[policy.StrategyAnnotation]; {
	case !set, value == policy.StrategyRolling, value == policy.StrategyCanary:
		return 0, ""
	case value == "blue-green" || value == "batch":
		return 1, fmt.Sprintf("annotation %s: %q is not supported by this version; write \"rolling\" or \"canary\"", policy.StrategyAnnotation, value)
	default:
		return 1, fmt.Sprintf("annotation %s: %q is not a strategy; write \"rolling\" or \"canary\"", policy.StrategyAnnotation, value)
	}
}

// brokenSteps finds a list of steps that cannot be read.
func brokenSteps(d world) (int, string) {
	text, set := d.Annotations[policy.StepsAnnotation]
	if !set {
		return 0, ""
	}
	if _, err := rollout.ParseSteps(text); err != nil {
		return 1, fmt.Sprintf("annotation %s: %v", policy.StepsAnnotation, err)
	}
	return 0, ""
}
