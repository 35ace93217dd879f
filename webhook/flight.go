// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/policy/rules"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/webhook/review"
	"github.com/evenkeel-dev/evenkeel/webhook/topology"
	"github.com/evenkeel-dev/evenkeel/webhook/workload"
)

// decideFlight starts a rollout, keeps one on its course, or leaves the write to
// the stock controller.
func (h *Handler) decideFlight(ctx context.Context, d *deployment, plan policy.Plan) (workload.Outcome, error) {
	switch {
	case d.old == nil:
		if why := h.unmirrored(ctx, d, plan.Object.Spec.Template.Labels, false); why != "" { // the route may come right after
			d.warnings = append(d.warnings, notMirrored(why))
		}
		return workload.Outcome{Changes: append(plan.Changes, workload.StateChanges("", false)...)}, nil
	case d.state.InFlight():
		return h.guardFlight(ctx, d, plan)
	default:
		return h.startFlight(ctx, d, plan)
	}
}

// startFlight looks whether a write starts a canary.
func (h *Handler) startFlight(ctx context.Context, d *deployment, plan policy.Plan) (workload.Outcome, error) {
	f := workload.Outcome{Changes: append(plan.Changes, d.keepState(d.state)...)}
	action := rollout.Action(d.incoming.Annotations[rollout.ActionAnnotation])
	if action != "" {
		if _, err := rollout.Act(d.state, action, d.now); err != nil {
			return workload.Outcome{Denied: "evenkeel: " + err.Error()}, nil
		}
		f.Changes = append(f.Changes, policy.Change{Path: review.AnnotationPath(rollout.ActionAnnotation)})
	}
	changed, template := plan.TemplateChanged, &plan.Object.Spec.Template
	if d.state.Phase == rollout.RolledBack && (changed || action == rollout.ActionRetry) {
		refused, again, err := h.rolledBack(ctx, d, plan, action)
		if err != nil || refused != "" {
			return workload.Outcome{Denied: refused}, err
		}
		if again != nil {
			changed, template = true, &again.Template
			f.Changes = append(f.Changes, templateChanges(*again)...)
		}
	}
	if why := h.unmirrored(ctx, d, template.Labels, changed); why != "" {
		return workload.Outcome{Denied: notMirrored(why) + d.takeMirrorOff()}, nil
	}
	if !changed || !d.released() {
		return f, nil
	}
	state, no, err := h.plan(ctx, d, plan.Object, template)
	switch {
	case err != nil:
		return workload.Outcome{}, err
	case no.plain != "" && state.Strategy == rollout.Rolling:
		return f, nil
	case no.plain != "":
		why := fmt.Sprintf("no %s, a plain rolling update: %s", state.Strategy, no.plain)
		f.Warnings = append(f.Warnings, "evenkeel: "+why)
		if ptr.Deref(plan.Object.Spec.Replicas, 1) == 0 {
			return f, nil
		}
		if f.Plainly = why; plan.Back {
			return f, nil
		}
		return f.Plain(d.policy, d.named(), d.incoming.Annotations, d.now), nil
	case no.refused != "":
		return workload.Outcome{Denied: fmt.Sprintf("evenkeel: this %s cannot start: %s", state.Strategy, no.refused)}, nil
	}
	state.Log.By = d.requester
	begun := rollout.Begin(state, d.now)
	if action != "" {
		begun = begun.Say(d.requester, string(action), d.now)
	}
	begun.OverrideBy = d.overrideBy("")
	f.Changes = append(f.Changes, d.render(begun)...)
	f.Warnings = append(append(f.Warnings, starts(begun)...), d.notice(begun)...)
	return f, nil
}

// released tells whether a changed template is released by us: with a strategy,
// or as a rolling update that policy has watched.
func (d *deployment) released() bool {
	if d.policy.Rollout.Strategy == rollout.Rolling {
		return d.policy.Rollout.OnFailure != "" && !d.incoming.Spec.Paused
	}
	return slices.Contains(rollout.Strategies(), d.policy.Rollout.Strategy)
}

// obstacle is why no release starts: either a plain rolling update takes its
// place, or the write is refused.
type obstacle struct{ plain, refused string }

// plan gives the state that a canary starts from, or says why there is none.
func (h *Handler) plan(ctx context.Context, d *deployment, object *appsv1.Deployment, template *corev1.PodTemplateSpec) (rollout.State, obstacle, error) {
	p := d.policy.Rollout
	if ptr.Deref(object.Spec.Replicas, 1) == 0 {
		return rollout.State{Strategy: p.Strategy}, obstacle{plain: "it has 0 replicas"}, nil
	}
	if object.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType {
		return rollout.State{Strategy: p.Strategy}, obstacle{plain: "strategy type Recreate cannot keep two versions"}, nil
	}
	steps, err := rollout.StepsFor(p.Strategy, p.Steps)
	if err != nil {
		return rollout.State{Strategy: p.Strategy}, obstacle{plain: err.Error()}, nil
	}
	found, err := h.topology.Survey(ctx, d.old, topology.Wish{Rollout: p, Template: template, Back: d.frozen != nil, Hosts: d.policy.StrangeHosts()})
	if err != nil {
		return rollout.State{}, obstacle{}, err
	}
	if found.Missing == "" && found.Between != "" && d.frozen == nil && p.Strategy != rollout.Rolling {
		found.Missing = fmt.Sprintf("an earlier rollout is unfinished: %s has pods besides %s", found.Between, found.Stable.ReplicaSet)
	}
	if no := (obstacle{found.Missing, found.Refused}); no != (obstacle{}) {
		return rollout.State{Strategy: p.Strategy}, no, nil
	}
	user := rollout.KnobsOf(object)
	state := rollout.State{
		Strategy: p.Strategy, Capacity: capacity(p), OnFailure: p.OnFailure, Match: p.Match, Held: user.Paused,
		Steps: steps.String(), Stable: found.Stable, Timing: workload.Timing(p, user), Services: found.Services, Backends: found.Backends,
	}
	for _, ref := range found.Routes {
		state.Routes = append(state.Routes, ref.String())
	}
	if len(found.Routes) > 0 {
		state.Mirror = d.mirror()
	}
	if state.Strategy == rollout.Rolling {
		state.Steps, state.Match, state.Held = "", "", false
	} else {
		state.Analyses = d.policy.Evidence()
		d.warnings = append(d.warnings, d.uncounted(state)...)
	}
	for _, why := range found.Undivided {
		d.warnings = append(d.warnings, "evenkeel: "+why+"; its traffic stays on stable until the end")
	}
	for _, line := range found.Told {
		d.warnings = append(d.warnings, "evenkeel: "+line)
	}
	user.Paused = false // it is the word of a person to the release now
	state.User = &user
	return state, obstacle{}, nil
}

// capacity is where the new pods come from. Batches stay within what there is,
// unless somebody wished for more.
func capacity(p policy.Rollout) string {
	switch {
	case slices.Contains(rollout.Capacities(), p.Capacity):
		return p.Capacity
	case p.Strategy == rollout.Batch:
		return rollout.Replace
	default:
		return rollout.Surge
	}
}

// rolledBack answers the template that was rolled back: refused when it comes
// again, and taken again when a person says retry.
func (h *Handler) rolledBack(ctx context.Context, d *deployment, plan policy.Plan, action rollout.Action) (string, *topology.Revision, error) {
	failed, err := h.topology.Revision(ctx, d.old.Namespace, d.state.Canary.ReplicaSet)
	if err != nil || failed == nil {
		return "", nil, err
	}
	if action == rollout.ActionRetry {
		if plan.TemplateChanged {
			return "", nil, nil
		}
		return "", failed, nil
	}
	if !d.policy.Rollout.RefuseRolledBack || !sameTemplate(plan, failed) {
		return "", nil, nil
	}
	return fmt.Sprintf("evenkeel: this template was rolled back at %s: %s. Change it, or try it again with:\n  kubectl annotate deployment -n %s %s %s=retry",
		d.state.Since.Format("2006-01-02T15:04:05Z"), d.state.Reason, d.old.Namespace, d.old.Name, rollout.ActionAnnotation), nil, nil
}

// guardFlight renders a user's write of a Deployment in flight.
func (h *Handler) guardFlight(ctx context.Context, d *deployment, plan policy.Plan) (workload.Outcome, error) {
	state := d.state
	user := rollout.KnobsOf(plan.Object)
	user.Paused = state.User.Paused
	state.User = &user
	state.OverrideBy = d.overrideBy(state.OverrideBy)
	state = d.mirrorInFlight(d.hold(state))
	f := workload.Outcome{Changes: plan.Changes}
	if word := d.incoming.Annotations[rollout.ActionAnnotation]; word != "" {
		if why := d.closed(rollout.Action(word), state); why != "" {
			return workload.Outcome{Denied: fmt.Sprintf("evenkeel: action %q: no further step starts until %s", word, why)}, nil
		}
		next, err := rollout.Act(state, rollout.Action(word), d.now)
		if err != nil {
			return workload.Outcome{Denied: "evenkeel: " + err.Error()}, nil
		}
		state = next.Say(d.requester, word, d.now)
		f.Changes = append(f.Changes, policy.Change{Path: review.AnnotationPath(rollout.ActionAnnotation)})
	}
	switch {
	case plan.TemplateChanged:
		return h.otherTemplate(ctx, d, plan, state, f)
	case d.policy.Rollout.Strategy == rollout.Rolling && state.Strategy != rollout.Rolling && state.Reversible():
		state = rollout.RollBack(state, fmt.Sprintf("the strategy %s was taken off", cmp.Or(state.Strategy, rollout.Canary)), d.now).Say(d.requester, rollout.WordOptOut, d.now)
	}
	f.Changes = append(f.Changes, d.render(state)...)
	return f, nil
}

// otherTemplate answers a template other than the canary's, in flight: the way
// back when it is stable's, and otherwise a rollout that starts over.
func (h *Handler) otherTemplate(ctx context.Context, d *deployment, plan policy.Plan, state rollout.State, f workload.Outcome) (workload.Outcome, error) {
	stable, err := h.topology.Revision(ctx, d.old.Namespace, state.Stable.ReplicaSet)
	if err != nil {
		return workload.Outcome{}, err
	}
	if stable != nil && sameTemplate(plan, stable) && (state.Reversible() || state.HoldsTemplate()) {
		if state.Reversible() {
			state = rollout.RollBack(state, "the stable template was applied again", d.now).Say(d.requester, rollout.WordUndo, d.now)
		}
		f.Changes = append(f.Changes, d.keepTemplate()...)
		f.Changes = append(f.Changes, d.render(state)...)
		f.Warnings = append(f.Warnings, fmt.Sprintf("evenkeel: going back to %s: the traffic leaves the new pods first, the template follows", state.Stable.ReplicaSet))
		return f, nil
	}
	if state.Phase == rollout.RollingBack {
		refused, _, err := h.rolledBack(ctx, d, plan, "")
		if err != nil || refused != "" {
			return workload.Outcome{Denied: refused}, err
		}
	}
	if refused, err := h.portsInFlight(ctx, d, plan, state, stable); err != nil || refused != "" {
		return workload.Outcome{Denied: refused}, err
	}
	next := state
	next.Timing, next.Log.By = workload.Timing(d.policy.Rollout, *state.User), d.requester
	if steps, err := rollout.StepsFor(state.Strategy, d.policy.Rollout.Steps); err == nil && state.Strategy != rollout.Rolling {
		next.Steps, next.Analyses = steps.String(), d.policy.Evidence()
	}
	again, err := rollout.Again(state, next, d.now)
	if err != nil {
		return workload.Outcome{Denied: "evenkeel: " + err.Error()}, nil
	}
	f.Changes = append(f.Changes, d.render(again)...)
	f.Warnings = append(f.Warnings, "evenkeel: another template in flight: the traffic leaves the old canary first, then the steps start over")
	f.Warnings = append(f.Warnings, d.notice(again)...)
	return f, nil
}

// sameTemplate tells whether what a plan makes of the template is a revision's.
func sameTemplate(plan policy.Plan, r *topology.Revision) bool {
	ours, err := policy.ParseInjected(plan.Object.Annotations[policy.InjectedAnnotation])
	if err != nil {
		return false
	}
	theirs, err := policy.ParseInjected(r.Injected)
	if err != nil {
		return false
	}
	return rules.SameTemplate(plan.Object.Spec.Template, r.Template, ours, theirs)
}

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
