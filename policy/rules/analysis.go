// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"strings"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// unknownAnalysis finds analyses that the policy does not have, and more of them
// than a rollout can carry. A plain rolling update has no steps to guard.
//
// Reads the analyses that the annotation, or the policy, names.
func unknownAnalysis(d world) (int, string) {
	if d.policy.Rollout.Strategy == policy.StrategyRolling {
		return 0, ""
	}
	unknown, known := d.policy.UnknownAnalyses()
	switch {
	case len(unknown) > 0 && len(known) == 0:
		return 1, fmt.Sprintf("analysis %q is not known: the policy has no analyses; take it out of %s, or add it to the policy's analyses", unknown[0], policy.AnalysisAnnotation)
	case len(unknown) > 0:
		return 1, fmt.Sprintf("analysis %q is not known: the policy has %s; write for example\n  %s: %s", unknown[0], strings.Join(known, ", "), policy.AnalysisAnnotation, known[0])
	case len(d.policy.Rollout.Analysis) > rollout.MaxAnalyses:
		return 1, fmt.Sprintf("%d analyses are more than the %d that a rollout can have; write fewer names into %s", len(d.policy.Rollout.Analysis), rollout.MaxAnalyses, policy.AnalysisAnnotation)
	default:
		return 0, ""
	}
}
