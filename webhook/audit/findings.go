// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// Reviewer reviews a Deployment that runs.
type Reviewer interface {
	Audit(ctx context.Context, d *appsv1.Deployment) (policy.Plan, error)
}

// Finding is a check that does not hold for a Deployment that runs.
type Finding struct {
	Namespace string        `json:"namespace"`
	Name      string        `json:"name"`
	Rule      string        `json:"rule"`
	Check     string        `json:"check"`
	Action    policy.Action `json:"action"`
	Message   string        `json:"message"`
}

// Report is what one audit found.
type Report struct {
	// Deployments is how many were looked at.
	Deployments int `json:"deployments"`
	// Findings are sorted by namespace, name and the order of the checks.
	Findings []Finding `json:"findings"`
	// Overrides are the Deployments with an emergency's override in force.
	Overrides []Override `json:"overrides,omitempty"`
}

// Override is an emergency's annotation in force.
type Override struct {
	Namespace string          `json:"namespace"`
	Name      string          `json:"name"`
	Override  policy.Override `json:"override"`
}

// Run looks at Deployments once. progress, where given, hears how many are done.
func Run(ctx context.Context, reviewer Reviewer, deployments []appsv1.Deployment, progress func(done, all int)) (Report, error) {
	report := Report{Deployments: len(deployments), Findings: []Finding{}}
	sorted := slices.SortedFunc(slices.Values(deployments), func(a, b appsv1.Deployment) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	for i := range sorted {
		d := &sorted[i]
		plan, err := reviewer.Audit(ctx, d)
		if err != nil {
			return report, fmt.Errorf("cannot review Deployment %s/%s: %w", d.Namespace, d.Name, err)
		}
		for _, v := range plan.Violations {
			report.Findings = append(report.Findings, Finding{d.Namespace, d.Name, plan.Rule, v.Check, v.Action, v.Message})
		}
		if plan.Override != nil {
			report.Overrides = append(report.Overrides, Override{d.Namespace, d.Name, *plan.Override})
		}
		if progress != nil {
			progress(i+1, len(sorted))
		}
	}
	return report, nil
}
