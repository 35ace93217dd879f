// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/webhook/review"
	"github.com/evenkeel-dev/evenkeel/webhook/workload"
)

// frozenWrite answers a user's write of a frozen Deployment.
func (h *Handler) frozenWrite(ctx context.Context, d *deployment) (review.Answer, error) {
	outcome, err := workload.Frozen{
		Why: d.frozen, Kind: "Deployment", Live: d.old, Incoming: d.incoming, SameTemplate: d.sameTemplate,
		Knobs: knobChanges(rollout.KnobsOf(d.old)), Thaw: func() (workload.Outcome, error) { return h.thaw(ctx, d) },
	}.Write()
	if err != nil || outcome.Denied != "" {
		return review.Answer{Denied: outcome.Denied}, err
	}
	patch, err := review.Patch(d.sent, outcome.Changes)
	return review.Answer{Patch: patch, Warnings: append(d.warnings, outcome.Warnings...)}, err
}

// thaw makes the state of a way back out of what the cluster shows. What the user
// wrote for the knobs is lost with the old state: the next apply brings it.
func (h *Handler) thaw(ctx context.Context, d *deployment) (workload.Outcome, error) {
	object := d.incoming.DeepCopy()
	rollout.KnobsOf(object).Released().Put(object)
	subject, err := h.around(ctx, object, d.now)
	if err != nil {
		return workload.Outcome{}, err
	}
	d.policy = subject.Policy
	if d.policy.Rollout.Strategy == rollout.Rolling {
		d.policy.Rollout.Strategy = rollout.Canary
	}
	state, no, err := h.plan(ctx, d, object, &d.old.Spec.Template)
	if err != nil {
		return workload.Outcome{}, err
	}
	if why := no.plain + no.refused; why != "" {
		return workload.Outcome{Denied: "evenkeel: it cannot go back by itself: " + why}, nil
	}
	back := rollout.RollBack(rollout.Begin(state, d.now), workload.ReasonFrozen, d.now).Say(d.requester, string(rollout.ActionRollback), d.now)
	return workload.Outcome{Changes: append(d.render(back), policy.Change{Path: review.AnnotationPath(rollout.ActionAnnotation)})}, nil
}
