// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/webhook/topology"
)

// portsInFlight refuses a template that lacks what the Services of a release lead to.
func (h *Handler) portsInFlight(ctx context.Context, d *deployment, plan policy.Plan, state rollout.State, stable *topology.Revision) (string, error) {
	services, err := h.topology.Services(ctx, d.old.Namespace, plan.Object.Spec.Template.Labels)
	if err != nil || stable == nil {
		return "", err
	}
	services = slices.DeleteFunc(services, func(s corev1.Service) bool { return !slices.Contains(state.Services, s.Name) })
	refused, told := topology.Ports(services, &stable.Template.Spec, &plan.Object.Spec.Template.Spec)
	if refused != "" {
		return "evenkeel: this template cannot be released: " + refused, nil
	}
	for _, line := range told {
		d.warnings = append(d.warnings, "evenkeel: "+line)
	}
	return "", nil
}
