// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"fmt"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// Skips tells whether the last step is yet to come.
func Skips(phase rollout.Phase, step int, steps rollout.Steps) bool {
	return phase == rollout.Stepping && step+1 < len(steps)
}

// OverrideBy is who wrote the emergency's annotation, where this write did; else who is
// known already.
func OverrideBy(old, incoming map[string]string, requester, before string) string {
	switch value := incoming[policy.OverrideAnnotation]; value {
	case "":
		return ""
	case old[policy.OverrideAnnotation]:
		return before
	default:
		return requester
	}
}

// Uncounted tells of those that count a route's requests.
func Uncounted(p policy.Policy, all rollout.Evidence) []string {
	var warnings []string
	for _, a := range all {
		if spec := p.Analyses[a.Name]; spec.Prometheus != nil && spec.Prometheus.BuiltIn != "" && !a.DryRun {
			warnings = append(warnings, fmt.Sprintf("evenkeel: analysis %q counts the requests of a route, and none is divided here: the first step will wait for it in vain; name others, or none, in %s", a.Name, policy.AnalysisAnnotation))
		}
	}
	return warnings
}

// Quoted names several objects of a kind.
func Quoted(kind string, names []string) string {
	text := kind
	for i, name := range names {
		if i > 0 {
			text += ","
		}
		text += fmt.Sprintf(" %q", name)
	}
	return text
}
