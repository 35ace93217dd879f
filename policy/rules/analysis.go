// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"github.com/evenkeel-dev/evenkeel/policy"
)

// unknownAnalysis finds analyses that the policy does not have, and more of them
// than a rollout can carry. A plain rolling update has no steps to guard.
//
// Reads the analyses that the annotation, or the policy, names.
func unknownAnalysis(d world) (int, string) {
	if d.policy.Rollout.Strategy == policy.StrategyRolling {
		return 0, ""
	}
	if wrong := d.policy.WrongAnalyses(); wrong != "" {
		return 1, wrong
	}
	return 0, ""
}
