// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"fmt"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// reasonFrozen is told of a rollout that went back without its state.
const reasonFrozen = "its state could not be read, and a person asked for the way back"

// frozenWrite answers a user's write of a Deployment whose rollout's state cannot
// be read. Traffic and pods stay as they are: state, template and knobs do, all
// else is taken. The one way out is the way back, for which the cluster is
// surveyed anew.
func (h *Handler) frozenWrite(ctx context.Context, d *deployment) (answer, error) {
	word := rollout.Action(d.incoming.Annotations[rollout.ActionAnnotation])
	switch {
	case word == rollout.ActionRollback && d.sameTemplate:
		return h.thaw(ctx, d)
	case word != "" || !d.sameTemplate:
		return answer{denied: fmt.Sprintf("evenkeel: its rollout is frozen: %v. Its traffic and its pods stay as they are, and nothing starts on top of that. Go back to stable first, without another change:\n  kubectl annotate deployment -n %s %s %s=%s",
			d.frozen, d.old.Namespace, d.old.Name, rollout.ActionAnnotation, rollout.ActionRollback)}, nil
	}
	changes := append(knobChanges(rollout.KnobsOf(d.old)),
		policy.Change{Path: annotationPath(rollout.StateAnnotation), Value: textOrNil(d.old.Annotations[rollout.StateAnnotation])},
		policy.Change{Path: labelPath(rollout.InFlightLabel), Value: textOrNil(d.old.Labels[rollout.InFlightLabel])})
	patch, err := buildPatch(d.sent, changes)
	return answer{patch: patch, warnings: []string{"evenkeel: " + d.frozen.Error() + "; it stays as it is until it goes back (annotation " + rollout.ActionAnnotation + "=rollback)"}}, err
}

// thaw makes the state of a way back out of what the cluster shows. What the user
// wrote for the knobs is lost with the old state: the next apply brings it.
func (h *Handler) thaw(ctx context.Context, d *deployment) (answer, error) {
	object := d.incoming.DeepCopy()
	rollout.KnobsOf(object).Released().Put(object)
	subject, err := h.around(ctx, object, d.now)
	if err != nil {
		return answer{}, err
	}
	d.policy = subject.Policy
	if d.policy.Rollout.Strategy == rollout.Rolling {
		d.policy.Rollout.Strategy = rollout.Canary
	}
	state, no, err := h.plan(ctx, d, object, &d.old.Spec.Template)
	if err != nil {
		return answer{}, err
	}
	if why := no.plain + no.refused; why != "" {
		return answer{denied: "evenkeel: it cannot go back by itself: " + why}, nil
	}
	back := rollout.RollBack(rollout.Begin(state, d.now), reasonFrozen, d.now).Say(d.requester, string(rollout.ActionRollback), d.now)
	patch, err := buildPatch(d.sent, append(d.render(back), policy.Change{Path: annotationPath(rollout.ActionAnnotation)}))
	return answer{patch: patch, warnings: d.warnings}, err
}
