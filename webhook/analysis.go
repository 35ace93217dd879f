// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"fmt"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// uncounted tells of analyses that count a route's requests where no route is
// divided: they would say nothing until the step's deadline.
func (d *deployment) uncounted(s rollout.State) []string {
	if len(s.Routes) > 0 {
		return nil
	}
	return uncounted(d.policy, s.Analyses)
}

// uncounted tells of those that count a route's requests.
func uncounted(p policy.Policy, all rollout.Evidence) []string {
	var warnings []string
	for _, a := range all {
		if spec := p.Analyses[a.Name]; spec.Prometheus != nil && spec.Prometheus.BuiltIn != "" && !a.DryRun {
			warnings = append(warnings, fmt.Sprintf("evenkeel: analysis %q counts the requests of a route, and none is divided here: the first step will wait for it in vain; name others, or none, in %s", a.Name, policy.AnalysisAnnotation))
		}
	}
	return warnings
}
