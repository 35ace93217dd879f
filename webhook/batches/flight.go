// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package batches

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
	"github.com/evenkeel-dev/evenkeel/webhook/workload"
)

// decide starts a release, keeps one on its course, or leaves the write to
// the stock controller.
func (h *Handler) decide(ctx context.Context, w *write) (workload.Outcome, error) {
	switch {
	case w.self && w.old != nil:
		next, err := batch.ParseState(w.incoming.Metadata.Annotations[rollout.StateAnnotation])
		if err != nil {
			return workload.Outcome{Denied: err.Error()}, nil
		}
		return h.render(ctx, w, next, workload.Outcome{})
	case w.old == nil:
		return workload.Outcome{Changes: workload.StateChanges("", false), Denied: w.refused(w.wish())}, nil
	case w.frozen != nil:
		return h.freeze(ctx, w)
	}
	if why := w.refused(w.wish()); why != "" {
		return workload.Outcome{Denied: why}, nil
	}
	ignored, err := h.resolve(ctx, w)
	if err != nil {
		return workload.Outcome{}, err
	}
	if workload.Edited(rollout.StateAnnotation, w.old.Metadata.Annotations, w.incoming.Metadata.Annotations) {
		w.warnings = append(w.warnings, workload.PutBack(rollout.StateAnnotation)...)
	}
	if why := w.policy.WrongAnalyses(); why != "" && w.incoming.opted() && w.templateChanged() {
		return workload.Outcome{Denied: "evenkeel: " + why}, nil
	}
	if w.state.InFlight() {
		return h.guard(ctx, w)
	}
	return h.start(ctx, w, ignored)
}

// resolve finds what policy and annotations say about a release, and says
// what of it does not count.
func (h *Handler) resolve(ctx context.Context, w *write) (ignored []string, err error) {
	p, err := h.Resolve(ctx, w.incoming.Metadata.Namespace, w.incoming.Metadata.Labels)
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
func (w *write) act(state batch.State, f *workload.Outcome) batch.State {
	action := rollout.Action(w.incoming.Metadata.Annotations[rollout.ActionAnnotation])
	if action == "" {
		return state
	}
	next, err := batch.Act(state, action, w.now)
	if err != nil {
		f.Denied = "evenkeel: " + err.Error()
		return state
	}
	f.Changes = append(f.Changes, policy.Change{Path: review.AnnotationPath(rollout.ActionAnnotation)})
	next.Log = next.Log.Say(w.requester, string(action), w.now)
	return next
}

// start looks whether a write starts a release.
func (h *Handler) start(ctx context.Context, w *write, ignored []string) (workload.Outcome, error) {
	f := workload.Outcome{Changes: w.render(w.state)}
	if w.act(w.state, &f); f.Denied != "" {
		return f, nil
	}
	changed, template := w.templateChanged(), w.incoming.template
	retry := w.incoming.Metadata.Annotations[rollout.ActionAnnotation] == string(rollout.ActionRetry)
	if w.state.Phase == rollout.RolledBack && changed != retry {
		failed, err := h.Topology.ControllerRevision(ctx, w.old.Metadata.Namespace, w.state.Canary.Name)
		switch {
		case err != nil:
			return workload.Outcome{}, err
		case failed != nil && retry:
			changed, template = true, failed.Template
			f.Changes = append(f.Changes, policy.Change{Path: "/spec/template", Value: failed.Raw})
		case failed != nil && w.comesAgain(failed):
			return workload.Outcome{Denied: w.again()}, nil
		}
	}
	if !changed || !w.incoming.opted() {
		return f, nil
	}
	state, why, err := h.plan(ctx, w, template)
	if err != nil {
		return workload.Outcome{}, err
	}
	for _, line := range ignored {
		f.Warnings = append(f.Warnings, "evenkeel: "+line)
	}
	if why != "" {
		f.Plainly = "no batches, a plain rolling update: " + strings.ReplaceAll(why, "\n ", "") // it is a header, too
		f.Warnings = append(f.Warnings, "evenkeel: "+f.Plainly)
		return f.Plain(w.policy, w.named(), w.incoming.Metadata.Annotations, w.now), nil
	}
	state.Log.By, state.OverrideBy = w.requester, w.overrideBy("")
	begun := batch.Begin(state, w.now)
	if retry {
		begun.Log = begun.Log.Say(w.requester, string(rollout.ActionRetry), w.now)
	}
	f.Changes = append(f.Changes, w.render(begun)...)
	f.Warnings = append(append(append(f.Warnings, w.starts(begun)...), workload.Uncounted(w.policy, begun.Analyses)...), w.notice()...)
	return f, nil
}

// comesAgain tells whether a template is that of a revision that was rolled back,
// and policy refuses it.
func (w *write) comesAgain(failed *topology.Revision) bool {
	return w.rollout.RefuseRolledBack && equality.Semantic.DeepEqual(failed.Template, w.incoming.template)
}

// again answers a template that was rolled back and comes again.
func (w *write) again() string {
	return fmt.Sprintf("evenkeel: this template was rolled back at %s: %s. Change it, or try it again with:\n  kubectl annotate %s -n %s %s %s=retry",
		w.state.Since.Format("2006-01-02T15:04:05Z"), w.state.Reason, strings.ToLower(w.kind), w.old.Metadata.Namespace, w.old.Metadata.Name, rollout.ActionAnnotation)
}

// plan gives the state that a release starts from, or says why there is none.
func (h *Handler) plan(ctx context.Context, w *write, template corev1.PodTemplateSpec) (batch.State, string, error) {
	user := w.incoming.knobs
	if err := w.unfit(w.incoming, user); err != nil { // as before, so it only warns
		return batch.State{}, err.Error(), nil
	}
	state, why := w.resolved()
	if why != "" {
		return batch.State{}, why, nil
	}
	stable, why, err := h.Topology.StableRevision(ctx, w.around())
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
	state.Services, why, err = h.Topology.MovedServices(ctx, w.around(), template.Labels)
	if why != "" {
		w.warnings = append(w.warnings, "evenkeel: "+why+"; its traffic goes to every ready pod")
	}
	return state, "", err
}

// resolved is what annotations and policy say about a release, or why they say nothing.
func (w *write) resolved() (batch.State, string) {
	steps, err := rollout.ParseSteps(w.rollout.Steps)
	if err != nil {
		return batch.State{}, err.Error()
	}
	turn, err := w.incoming.turn()
	if err != nil {
		return batch.State{}, err.Error()
	}
	return batch.State{Steps: steps.String(), Turn: turn, OnFailure: w.rollout.OnFailure, Timing: workload.Timing(w.rollout, rollout.Knobs{}), Analyses: w.policy.Evidence()}, ""
}

// guard renders a user's write of a workload in flight.
func (h *Handler) guard(ctx context.Context, w *write) (workload.Outcome, error) {
	var f workload.Outcome
	state, user := w.state, w.wish()
	state.User, state.OverrideBy = &user, w.overrideBy(w.state.OverrideBy)
	if why := w.refuseScale(state, ptr.Deref(w.old.Spec.Replicas, 1), ptr.Deref(w.incoming.Spec.Replicas, 1)); why != "" {
		return workload.Outcome{Denied: why}, nil
	}
	if why := w.closed(state); why != "" {
		return workload.Outcome{Denied: fmt.Sprintf("evenkeel: action %q: no further step starts until %s", rollout.ActionSkip, why)}, nil
	}
	if state = w.act(state, &f); f.Denied != "" {
		return f, nil
	}
	switch {
	case w.templateChanged():
		return h.other(ctx, w, state, f)
	case !w.incoming.opted() && state.Reversible():
		state = batch.RollBack(state, fmt.Sprintf("the strategy %s was taken off", rollout.Batch), w.now)
		state.Log = state.Log.Say(w.requester, rollout.WordOptOut, w.now)
	}
	return h.render(ctx, w, state, f)
}

// refuseScale says why a StatefulSet in flight cannot get so few replicas now.
func (w *write) refuseScale(state batch.State, from, to int32) string {
	if to >= from {
		return ""
	}
	return refusedScale(state, w.old.Metadata.Namespace, w.old.Metadata.Name, from, to)
}

// other answers a template other than the live one, in flight: the way back
// when it is stable's, and otherwise a release that starts over.
func (h *Handler) other(ctx context.Context, w *write, state batch.State, f workload.Outcome) (workload.Outcome, error) {
	namespace := w.old.Metadata.Namespace
	stable, err := h.Topology.ControllerRevision(ctx, namespace, state.Stable.Name)
	if err != nil {
		return workload.Outcome{}, err
	}
	back := state.Phase == rollout.RollingBack
	if stable != nil && equality.Semantic.DeepEqual(stable.Template, w.incoming.template) && (state.Reversible() || back) {
		if !back {
			state = batch.RollBack(state, "the stable template was applied again", w.now)
			state.Log = state.Log.Say(w.requester, rollout.WordUndo, w.now)
		}
		f.Warnings = append(f.Warnings, fmt.Sprintf("evenkeel: going back to %s: no new pod goes while Services lead to it", state.Stable.Name))
		return h.render(ctx, w, state, f)
	}
	if back {
		failed, err := h.Topology.ControllerRevision(ctx, namespace, state.Canary.Name)
		if err != nil {
			return workload.Outcome{}, err
		}
		if failed != nil && w.comesAgain(failed) {
			return workload.Outcome{Denied: w.again()}, nil
		}
	}
	plan, why := w.resolved()
	if why != "" {
		return workload.Outcome{Denied: "evenkeel: " + why}, nil
	}
	plan.Log.By = w.requester
	f.Warnings = append(append(f.Warnings, "evenkeel: another template in flight: its batches start over"), w.notice()...)
	return h.render(ctx, w, batch.Again(state, plan, w.now), f)
}

// render adds what a state asks of its workload, and the template where it
// is not the requester's to say.
func (h *Handler) render(ctx context.Context, w *write, state batch.State, f workload.Outcome) (workload.Outcome, error) {
	f.Changes = append(f.Changes, w.render(state)...)
	switch {
	case state.HoldsTemplate():
		f.Changes = append(f.Changes, policy.Change{Path: "/spec/template", Value: w.old.Spec.Template})
	case state.WantsStable():
		stable, err := h.Topology.ControllerRevision(ctx, w.old.Metadata.Namespace, state.Stable.Name)
		if err != nil {
			return workload.Outcome{}, err
		}
		if stable == nil {
			return workload.Outcome{Denied: fmt.Sprintf("evenkeel: cannot restore the stable template: ControllerRevision %q is gone; apply the template that is to run", state.Stable.Name)}, nil
		}
		f.Changes = append(f.Changes, policy.Change{Path: "/spec/template", Value: stable.Raw})
	}
	return f, nil
}

// render gives the changes that a state asks of its workload, besides the template.
func (w *write) render(state batch.State) []policy.Change {
	text := ""
	if state.Phase != "" {
		text = state.String()
	}
	changes := workload.StateChanges(text, state.InFlight())
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
