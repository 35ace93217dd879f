// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package batches

import (
	"context"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/webhook/review"
	"github.com/evenkeel-dev/evenkeel/webhook/workload"
)

// freeze answers a user's write of a frozen workload that changes in batches.
func (h *Handler) freeze(ctx context.Context, w *write) (workload.Outcome, error) {
	return workload.Frozen{
		Why: w.frozen, Kind: w.kind, Live: &w.old.Metadata, Incoming: &w.incoming.Metadata, SameTemplate: !w.templateChanged(),
		Knobs: []policy.Change{{Path: "/spec/updateStrategy", Value: w.old.Spec.UpdateStrategy}}, Thaw: func() (workload.Outcome, error) { return h.thaw(ctx, w) },
	}.Write()
}

// thaw is thaw for what changes in batches. Whomever its Services lead to,
// they lead to pods of any version before one of the new pods goes.
func (h *Handler) thaw(ctx context.Context, w *write) (workload.Outcome, error) {
	if _, err := h.resolve(ctx, w); err != nil {
		return workload.Outcome{}, err
	}
	state, no, err := h.surveyBack(ctx, w)
	if err != nil {
		return workload.Outcome{}, err
	}
	if no != "" {
		return workload.Outcome{Denied: "evenkeel: it cannot go back by itself: " + no}, nil
	}
	back := batch.RollBack(state, workload.ReasonFrozen, w.now)
	back.Log = back.Log.Say(w.requester, string(rollout.ActionRollback), w.now)
	return h.render(ctx, w, back, workload.Outcome{Changes: []policy.Change{{Path: review.AnnotationPath(rollout.ActionAnnotation)}}})
}

// surveyBack gives a state that can go back, made out of what the cluster shows, or
// says why there is none.
func (h *Handler) surveyBack(ctx context.Context, w *write) (batch.State, string, error) {
	plan, no := w.resolved()
	if no != "" {
		return batch.State{}, no, nil
	}
	stable, canary, err := h.Topology.WayBack(ctx, w.around())
	if err != nil {
		return batch.State{}, "", err
	}
	if stable == nil {
		return batch.State{}, "no ready pod of it is of a ControllerRevision that is there", nil
	}
	user := w.incoming.knobs.Released()
	plan.Stable, plan.User = stable.Version, &user
	if plan.Services, no, err = h.Topology.MovedServices(ctx, w.around(), w.old.template.Labels); err != nil || no != "" {
		return batch.State{}, no, err
	}
	state := batch.Begin(plan, w.now)
	state.Canary, state.Serve = canary, batch.New
	return state, "", nil
}
