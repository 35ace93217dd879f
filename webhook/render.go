// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/webhook/review"
	"github.com/evenkeel-dev/evenkeel/webhook/topology"
	"github.com/evenkeel-dev/evenkeel/webhook/workload"
)

// renderOwn answers Evenkeel's own write of a state: the fields that the new
// state asks for are rendered in the same request.
func (h *Handler) renderOwn(ctx context.Context, d *deployment) (review.Answer, error) {
	next, err := rollout.ParseState(d.incoming.Annotations[rollout.StateAnnotation])
	if err != nil {
		return review.Answer{Denied: err.Error()}, nil
	}
	changes := d.render(next)
	if next.Phase == rollout.RollingBack && !next.HoldsTemplate() {
		stable, err := h.topology.Revision(ctx, d.old.Namespace, next.Stable.ReplicaSet)
		if err != nil {
			return review.Answer{}, err
		}
		if stable == nil {
			return review.Answer{Denied: fmt.Sprintf("cannot restore the stable template: ReplicaSet %q is gone", next.Stable.ReplicaSet)}, nil
		}
		changes = append(changes, templateChanges(*stable)...)
		changes = append(changes, d.versionLabel(stable)...)
	}
	patch, err := review.Patch(d.sent, changes)
	return review.Answer{Patch: patch}, err
}

// render gives the changes that a state asks of its Deployment.
func (d *deployment) render(state rollout.State) []policy.Change {
	changes := d.keepState(state)
	switch {
	case state.InFlight():
		return append(changes, knobChanges(state.Render())...)
	case d.state.InFlight():
		return append(changes, knobChanges(*d.state.User)...)
	default:
		return changes
	}
}

// keepState makes an object carry a state, whatever the requester sent.
func (d *deployment) keepState(state rollout.State) []policy.Change {
	if state.Phase == "" {
		return workload.StateChanges("", false)
	}
	return workload.StateChanges(state.String(), state.InFlight())
}

// keepTemplate puts the live template back, whole and as it was sent to us, and
// with it the record of what was injected there.
func (d *deployment) keepTemplate() []policy.Change {
	return []policy.Change{
		{Path: "/spec/template", Value: json.RawMessage(d.template.Text)},
		{Path: review.AnnotationPath(policy.InjectedAnnotation), Value: workload.OrNil(d.old.Annotations[policy.InjectedAnnotation])},
		{Path: review.AnnotationPath(policy.CauseAnnotation), Value: workload.OrNil(d.old.Annotations[policy.CauseAnnotation])},
	}
}

// versionLabel lets the Deployment's version label follow a restored template.
func (d *deployment) versionLabel(stable *topology.Revision) []policy.Change {
	injected, err := policy.ParseInjected(d.old.Annotations[policy.InjectedAnnotation])
	if err != nil || injected.VersionLabel == "" {
		return nil
	}
	value := stable.Template.Labels[injected.VersionLabel]
	return []policy.Change{{Path: review.LabelPath(injected.VersionLabel), Value: workload.OrNil(value)}}
}

// knobChanges writes knobs as the API server would have stored them.
func knobChanges(k rollout.Knobs) []policy.Change {
	changes := []policy.Change{{Path: "/spec/paused"}, {Path: "/spec/minReadySeconds"}, {Path: "/spec/progressDeadlineSeconds"}}
	if k.Paused {
		changes[0].Value = true
	}
	if k.MinReadySeconds != 0 {
		changes[1].Value = k.MinReadySeconds
	}
	if k.ProgressDeadlineSeconds != nil {
		changes[2].Value = *k.ProgressDeadlineSeconds
	}
	return append(changes,
		policy.Change{Path: "/spec/strategy/rollingUpdate/maxSurge", Value: valueOf(k.MaxSurge)},
		policy.Change{Path: "/spec/strategy/rollingUpdate/maxUnavailable", Value: valueOf(k.MaxUnavailable)})
}

func valueOf(v *intstr.IntOrString) any {
	if v == nil {
		return nil
	}
	return *v
}

func templateChanges(r topology.Revision) []policy.Change {
	return []policy.Change{
		{Path: "/spec/template", Value: r.Raw},
		{Path: review.AnnotationPath(policy.InjectedAnnotation), Value: workload.OrNil(r.Injected)},
		{Path: review.AnnotationPath(policy.CauseAnnotation), Value: workload.OrNil(r.Cause)},
	}
}
