// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"slices"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/policy/rules"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/webhook/review"
)

// nextRollout marks the template of a rollout that nobody has asked for yet.
const nextRollout = "evenkeel.dev/next-rollout"

// Audit reviews a Deployment that runs, as if it were created as it is: the same
// verdicts as admission's, and nothing that stood before is excused.
func (h *Handler) Audit(ctx context.Context, d *appsv1.Deployment) (policy.Plan, error) {
	subject, err := h.resting(ctx, d)
	if err != nil {
		return policy.Plan{}, err
	}
	return rules.Review(subject), nil
}

// NextRollout gives what the next change of a Deployment's template would bring
// with it: the plan's Changes but for the mark of the change itself.
func (h *Handler) NextRollout(ctx context.Context, d *appsv1.Deployment) (policy.Plan, error) {
	subject, err := h.resting(ctx, d)
	if err != nil {
		return policy.Plan{}, err
	}
	subject.Old = subject.New
	subject.New = subject.Old.DeepCopy()
	if subject.New.Spec.Template.Annotations == nil {
		subject.New.Spec.Template.Annotations = map[string]string{}
	}
	subject.New.Spec.Template.Annotations[nextRollout] = "true"
	plan := rules.Review(subject)
	plan.Changes = slices.DeleteFunc(plan.Changes, func(c policy.Change) bool {
		return c.Path == review.AnnotationPath(policy.InjectedAnnotation) || c.Path == review.AnnotationPath(policy.CauseAnnotation)
	})
	return plan, nil
}

// resting is a live Deployment with its user's own knobs, whatever is in flight.
func (h *Handler) resting(ctx context.Context, d *appsv1.Deployment) (policy.Subject, error) {
	subject, err := h.around(ctx, d, h.now())
	if err != nil {
		return policy.Subject{}, err
	}
	state, err := rollout.ParseState(d.Annotations[rollout.StateAnnotation])
	if err == nil && state.InFlight() {
		subject.New = d.DeepCopy()
		state.User.Put(subject.New)
	}
	return subject, nil
}
