// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/webhook/review"
)

// reasonFrozen is told of a rollout that went back without its state.
const reasonFrozen = "its state could not be read, and a person asked for the way back"

// frozen is a user's write of a workload whose rollout's state cannot be read, of
// any of the kinds.
type frozen struct {
	why            error
	kind           string
	live, incoming metav1.Object
	sameTemplate   bool
	knobs          []policy.Change // those of the live object
	thaw           func() (flight, error)
}

// write answers it. Traffic and pods stay as they are: state, template and knobs
// do, all else is taken. The one way out is the way back, for which the cluster is
// surveyed anew.
func (f frozen) write() (flight, error) {
	word := rollout.Action(f.incoming.GetAnnotations()[rollout.ActionAnnotation])
	switch {
	case word == rollout.ActionRollback && f.sameTemplate:
		return f.thaw()
	case word != "" || !f.sameTemplate:
		return flight{denied: fmt.Sprintf("evenkeel: its rollout is frozen: %v. Its traffic and its pods stay as they are, and nothing starts on top of that. Go back to stable first, without another change:\n  kubectl annotate %s -n %s %s %s=%s",
			f.why, strings.ToLower(f.kind), f.live.GetNamespace(), f.live.GetName(), rollout.ActionAnnotation, rollout.ActionRollback)}, nil
	}
	changes := append(f.knobs,
		policy.Change{Path: review.AnnotationPath(rollout.StateAnnotation), Value: textOrNil(f.live.GetAnnotations()[rollout.StateAnnotation])},
		policy.Change{Path: review.LabelPath(rollout.InFlightLabel), Value: textOrNil(f.live.GetLabels()[rollout.InFlightLabel])})
	return flight{changes: changes, warnings: []string{"evenkeel: " + f.why.Error() + "; it stays as it is until it goes back (annotation " + rollout.ActionAnnotation + "=rollback)"}}, nil
}

// frozenWrite answers a user's write of a frozen Deployment.
func (h *Handler) frozenWrite(ctx context.Context, d *deployment) (review.Answer, error) {
	outcome, err := frozen{
		why: d.frozen, kind: "Deployment", live: d.old, incoming: d.incoming, sameTemplate: d.sameTemplate,
		knobs: knobChanges(rollout.KnobsOf(d.old)), thaw: func() (flight, error) { return h.thaw(ctx, d) },
	}.write()
	if err != nil || outcome.denied != "" {
		return review.Answer{Denied: outcome.denied}, err
	}
	patch, err := review.Patch(d.sent, outcome.changes)
	return review.Answer{Patch: patch, Warnings: append(d.warnings, outcome.warnings...)}, err
}

// thaw makes the state of a way back out of what the cluster shows. What the user
// wrote for the knobs is lost with the old state: the next apply brings it.
func (h *Handler) thaw(ctx context.Context, d *deployment) (flight, error) {
	object := d.incoming.DeepCopy()
	rollout.KnobsOf(object).Released().Put(object)
	subject, err := h.around(ctx, object, d.now)
	if err != nil {
		return flight{}, err
	}
	d.policy = subject.Policy
	if d.policy.Rollout.Strategy == rollout.Rolling {
		d.policy.Rollout.Strategy = rollout.Canary
	}
	state, no, err := h.plan(ctx, d, object, &d.old.Spec.Template)
	if err != nil {
		return flight{}, err
	}
	if why := no.plain + no.refused; why != "" {
		return flight{denied: "evenkeel: it cannot go back by itself: " + why}, nil
	}
	back := rollout.RollBack(rollout.Begin(state, d.now), reasonFrozen, d.now).Say(d.requester, string(rollout.ActionRollback), d.now)
	return flight{changes: append(d.render(back), policy.Change{Path: review.AnnotationPath(rollout.ActionAnnotation)})}, nil
}

// frozenBatches answers a user's write of a frozen workload that changes in batches.
func (h *Handler) frozenBatches(ctx context.Context, w *workload) (flight, error) {
	return frozen{
		why: w.frozen, kind: w.kind, live: &w.old.Metadata, incoming: &w.incoming.Metadata, sameTemplate: !w.templateChanged(),
		knobs: []policy.Change{{Path: "/spec/updateStrategy", Value: w.old.Spec.UpdateStrategy}}, thaw: func() (flight, error) { return h.thawBatches(ctx, w) },
	}.write()
}

// thawBatches is thaw for what changes in batches. Whomever its Services lead to,
// they lead to pods of any version before one of the new pods goes.
func (h *Handler) thawBatches(ctx context.Context, w *workload) (flight, error) {
	if _, err := h.resolveBatches(ctx, w); err != nil {
		return flight{}, err
	}
	state, no, err := h.surveyBack(ctx, w)
	if err != nil {
		return flight{}, err
	}
	if no != "" {
		return flight{denied: "evenkeel: it cannot go back by itself: " + no}, nil
	}
	back := batch.RollBack(state, reasonFrozen, w.now)
	back.Log = back.Log.Say(w.requester, string(rollout.ActionRollback), w.now)
	return h.renderBatches(ctx, w, back, flight{changes: []policy.Change{{Path: review.AnnotationPath(rollout.ActionAnnotation)}}})
}

// surveyBack gives a state that can go back, made out of what the cluster shows, or
// says why there is none.
func (h *Handler) surveyBack(ctx context.Context, w *workload) (batch.State, string, error) {
	plan, no := w.resolved()
	if no != "" {
		return batch.State{}, no, nil
	}
	stable, canary, err := h.topology.WayBack(ctx, w.batched())
	if err != nil {
		return batch.State{}, "", err
	}
	if stable == nil {
		return batch.State{}, "no ready pod of it is of a ControllerRevision that is there", nil
	}
	user := w.incoming.knobs.Released()
	plan.Stable, plan.User = stable.Version, &user
	if plan.Services, no, err = h.topology.MovedServices(ctx, w.batched(), w.old.template.Labels); err != nil || no != "" {
		return batch.State{}, no, err
	}
	state := batch.Begin(plan, w.now)
	state.Canary, state.Serve = canary, batch.New
	return state, "", nil
}
