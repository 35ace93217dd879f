// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/webhook/review"
	"github.com/evenkeel-dev/evenkeel/webhook/topology"
)

// decideBatches starts a release, keeps one on its course, or leaves the write to
// the stock controller.
func (h *Handler) decideBatches(ctx context.Context, w *workload) (flight, error) {
	switch {
	case w.self && w.old != nil:
		next, err := batch.ParseState(w.incoming.Metadata.Annotations[rollout.StateAnnotation])
		if err != nil {
			return flight{denied: err.Error()}, nil
		}
		return h.renderBatches(ctx, w, next, flight{})
	case w.old == nil:
		return flight{changes: stateChanges("", false), denied: w.refused(w.wish())}, nil
	case w.frozen != nil:
		return h.frozenBatches(ctx, w)
	}
	if why := w.refused(w.wish()); why != "" {
		return flight{denied: why}, nil
	}
	ignored, err := h.resolveBatches(ctx, w)
	if err != nil {
		return flight{}, err
	}
	if edited(rollout.StateAnnotation, w.old.Metadata.Annotations, w.incoming.Metadata.Annotations) {
		w.warnings = append(w.warnings, putBack(rollout.StateAnnotation)...)
	}
	if why := w.policy.WrongAnalyses(); why != "" && w.incoming.opted() && w.templateChanged() {
		return flight{denied: "evenkeel: " + why}, nil
	}
	if w.state.InFlight() {
		return h.guardBatches(ctx, w)
	}
	return h.startBatches(ctx, w, ignored)
}

// resolveBatches finds what policy and annotations say about a release, and says
// what of it does not count.
func (h *Handler) resolveBatches(ctx context.Context, w *workload) (ignored []string, err error) {
	p, err := h.resolve(ctx, w.incoming.Metadata.Namespace, w.incoming.Metadata.Labels)
	if err != nil {
		return nil, err
	}
	p.Rollout.Strategy = rollout.Batch
	said := map[string]string{}
	if steps, given := w.incoming.Metadata.Annotations[policy.StepsAnnotation]; given {
		said[policy.StepsAnnotation] = steps
	}
	if names, given := w.incoming.Metadata.Annotations[policy.AnalysisAnnotation]; given {
		said[policy.AnalysisAnnotation] = names
	}
	p = p.WithAnnotations(said)
	w.rollout, w.policy = p.Rollout, p
	return p.Ignored, nil
}

// act takes a person's word, which is not kept.
func (w *workload) act(state batch.State, f *flight) batch.State {
	action := rollout.Action(w.incoming.Metadata.Annotations[rollout.ActionAnnotation])
	if action == "" {
		return state
	}
	next, err := batch.Act(state, action, w.now)
	if err != nil {
		f.denied = "evenkeel: " + err.Error()
		return state
	}
	f.changes = append(f.changes, policy.Change{Path: review.AnnotationPath(rollout.ActionAnnotation)})
	next.Log = next.Log.Say(w.requester, string(action), w.now)
	return next
}

// startBatches looks whether a write starts a release.
func (h *Handler) startBatches(ctx context.Context, w *workload, ignored []string) (flight, error) {
	f := flight{changes: w.render(w.state)}
	if w.act(w.state, &f); f.denied != "" {
		return f, nil
	}
	changed, template := w.templateChanged(), w.incoming.template
	retry := w.incoming.Metadata.Annotations[rollout.ActionAnnotation] == string(rollout.ActionRetry)
	if w.state.Phase == rollout.RolledBack && changed != retry {
		failed, err := h.topology.ControllerRevision(ctx, w.old.Metadata.Namespace, w.state.Canary.Name)
		switch {
		case err != nil:
			return flight{}, err
		case failed != nil && retry:
			changed, template = true, failed.Template
			f.changes = append(f.changes, policy.Change{Path: "/spec/template", Value: failed.Raw})
		case failed != nil && w.comesAgain(failed):
			return flight{denied: w.again()}, nil
		}
	}
	if !changed || !w.incoming.opted() {
		return f, nil
	}
	state, why, err := h.planBatches(ctx, w, template)
	if err != nil {
		return flight{}, err
	}
	for _, line := range ignored {
		f.warnings = append(f.warnings, "evenkeel: "+line)
	}
	if why != "" {
		f.plainly = "no batches, a plain rolling update: " + strings.ReplaceAll(why, "\n ", "") // it is a header, too
		f.warnings = append(f.warnings, "evenkeel: "+f.plainly)
		return f.plain(w.policy, w.named(), w.incoming.Metadata.Annotations, w.now), nil
	}
	state.Log.By, state.OverrideBy = w.requester, w.overrideBy("")
	begun := batch.Begin(state, w.now)
	if retry {
		begun.Log = begun.Log.Say(w.requester, string(rollout.ActionRetry), w.now)
	}
	f.changes = append(f.changes, w.render(begun)...)
	f.warnings = append(append(append(f.warnings, w.starts(begun)...), uncounted(w.policy, begun.Analyses)...), w.notice()...)
	return f, nil
}

// comesAgain tells whether a template is that of a revision that was rolled back,
// and policy refuses it.
func (w *workload) comesAgain(failed *topology.Revision) bool {
	return w.rollout.RefuseRolledBack && equality.Semantic.DeepEqual(failed.Template, w.incoming.template)
}

// again answers a template that was rolled back and comes again.
func (w *workload) again() string {
	return fmt.Sprintf("evenkeel: this template was rolled back at %s: %s. Change it, or try it again with:\n  kubectl annotate %s -n %s %s %s=retry",
		w.state.Since.Format("2006-01-02T15:04:05Z"), w.state.Reason, strings.ToLower(w.kind), w.old.Metadata.Namespace, w.old.Metadata.Name, rollout.ActionAnnotation)
}

// planBatches gives the state that a release starts from, or says why there is none.
func (h *Handler) planBatches(ctx context.Context, w *workload, template corev1.PodTemplateSpec) (batch.State, string, error) {
	user := w.incoming.knobs
	if err := w.unfit(w.incoming, user); err != nil { // as before, so it only warns
		return batch.State{}, err.Error(), nil
	}
	state, why := w.resolved()
	if why != "" {
		return batch.State{}, why, nil
	}
	stable, why, err := h.topology.StableRevision(ctx, w.batched())
	if err != nil || why != "" {
		return batch.State{}, why, err
	}
	if equality.Semantic.DeepEqual(stable.Template, template) {
		return batch.State{}, "most ready pods are of this template already", nil
	}
	state.Stable, state.User = stable.Version, &user
	if before := w.old.Status.UpdateRevision; before != "" && before != state.Stable.Hash {
		state.Dropped = []string{before}
	}
	state.Services, why, err = h.topology.MovedServices(ctx, w.batched(), template.Labels)
	if why != "" {
		w.warnings = append(w.warnings, "evenkeel: "+why+"; its traffic goes to every ready pod")
	}
	return state, "", err
}

// resolved is what annotations and policy say about a release, or why they say nothing.
func (w *workload) resolved() (batch.State, string) {
	steps, err := rollout.ParseSteps(w.rollout.Steps)
	if err != nil {
		return batch.State{}, err.Error()
	}
	turn, err := w.incoming.turn()
	if err != nil {
		return batch.State{}, err.Error()
	}
	return batch.State{Steps: steps.String(), Turn: turn, OnFailure: w.rollout.OnFailure, Timing: timing(w.rollout, rollout.Knobs{}), Analyses: w.policy.Evidence()}, ""
}

// guardBatches renders a user's write of a workload in flight.
func (h *Handler) guardBatches(ctx context.Context, w *workload) (flight, error) {
	var f flight
	state, user := w.state, w.wish()
	state.User, state.OverrideBy = &user, w.overrideBy(w.state.OverrideBy)
	if why := w.refuseScale(state, ptr.Deref(w.old.Spec.Replicas, 1), ptr.Deref(w.incoming.Spec.Replicas, 1)); why != "" {
		return flight{denied: why}, nil
	}
	if why := w.closed(state); why != "" {
		return flight{denied: fmt.Sprintf("evenkeel: action %q: no further step starts until %s", rollout.ActionSkip, why)}, nil
	}
	if state = w.act(state, &f); f.denied != "" {
		return f, nil
	}
	switch {
	case w.templateChanged():
		return h.otherBatches(ctx, w, state, f)
	case !w.incoming.opted() && state.Reversible():
		state = batch.RollBack(state, fmt.Sprintf("the strategy %s was taken off", rollout.Batch), w.now)
		state.Log = state.Log.Say(w.requester, rollout.WordOptOut, w.now)
	}
	return h.renderBatches(ctx, w, state, f)
}

// refuseScale says why a StatefulSet in flight cannot get so few replicas now.
func (w *workload) refuseScale(state batch.State, from, to int32) string {
	if to >= from {
		return ""
	}
	return refusedScale(state, w.old.Metadata.Namespace, w.old.Metadata.Name, from, to)
}

// otherBatches answers a template other than the live one, in flight: the way back
// when it is stable's, and otherwise a release that starts over.
func (h *Handler) otherBatches(ctx context.Context, w *workload, state batch.State, f flight) (flight, error) {
	namespace := w.old.Metadata.Namespace
	stable, err := h.topology.ControllerRevision(ctx, namespace, state.Stable.Name)
	if err != nil {
		return flight{}, err
	}
	back := state.Phase == rollout.RollingBack
	if stable != nil && equality.Semantic.DeepEqual(stable.Template, w.incoming.template) && (state.Reversible() || back) {
		if !back {
			state = batch.RollBack(state, "the stable template was applied again", w.now)
			state.Log = state.Log.Say(w.requester, rollout.WordUndo, w.now)
		}
		f.warnings = append(f.warnings, fmt.Sprintf("evenkeel: going back to %s: no new pod goes while Services lead to it", state.Stable.Name))
		return h.renderBatches(ctx, w, state, f)
	}
	if back {
		failed, err := h.topology.ControllerRevision(ctx, namespace, state.Canary.Name)
		if err != nil {
			return flight{}, err
		}
		if failed != nil && w.comesAgain(failed) {
			return flight{denied: w.again()}, nil
		}
	}
	plan, why := w.resolved()
	if why != "" {
		return flight{denied: "evenkeel: " + why}, nil
	}
	plan.Log.By = w.requester
	f.warnings = append(append(f.warnings, "evenkeel: another template in flight: its batches start over"), w.notice()...)
	return h.renderBatches(ctx, w, batch.Again(state, plan, w.now), f)
}

// renderBatches adds what a state asks of its workload, and the template where it
// is not the requester's to say.
func (h *Handler) renderBatches(ctx context.Context, w *workload, state batch.State, f flight) (flight, error) {
	f.changes = append(f.changes, w.render(state)...)
	switch {
	case state.HoldsTemplate():
		f.changes = append(f.changes, policy.Change{Path: "/spec/template", Value: w.old.Spec.Template})
	case state.WantsStable():
		stable, err := h.topology.ControllerRevision(ctx, w.old.Metadata.Namespace, state.Stable.Name)
		if err != nil {
			return flight{}, err
		}
		if stable == nil {
			return flight{denied: fmt.Sprintf("evenkeel: cannot restore the stable template: ControllerRevision %q is gone; apply the template that is to run", state.Stable.Name)}, nil
		}
		f.changes = append(f.changes, policy.Change{Path: "/spec/template", Value: stable.Raw})
	}
	return f, nil
}

// render gives the changes that a state asks of its workload, besides the template.
func (w *workload) render(state batch.State) []policy.Change {
	text := ""
	if state.Phase != "" {
		text = state.String()
	}
	changes := stateChanges(text, state.InFlight())
	knobs := batch.Render(state)
	if !state.InFlight() && w.state.InFlight() {
		knobs = *w.state.User
	}
	switch {
	case knobs.StatefulSet != nil:
		changes = append(changes, policy.Change{Path: "/spec/updateStrategy", Value: knobs.StatefulSet})
	case knobs.DaemonSet != nil:
		changes = append(changes, policy.Change{Path: "/spec/updateStrategy", Value: knobs.DaemonSet})
	}
	return changes
}
