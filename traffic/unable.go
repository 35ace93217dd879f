// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"context"
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// ErrUnable tells that neither a manager nor Restore can take a rollout back: a
// person has to.
var ErrUnable = errors.New("a person has to")

// Unable says why nothing takes a Deployment that is marked as in flight back,
// and what to type: an ErrUnable. It is nil where there is a way.
func Unable(ctx context.Context, c client.Reader, d *appsv1.Deployment) error {
	state, err := rollout.ParseState(d.Annotations[rollout.StateAnnotation])
	switch {
	case err != nil:
		return fmt.Errorf("%w, since nobody knows what is its own: %w. %s", ErrUnable, err, wayByHand(d))
	case state.Phase == "":
		return fmt.Errorf("%w, since nobody knows what is its own: it has the label %s and no annotation %s. %s", ErrUnable, rollout.InFlightLabel, rollout.StateAnnotation, wayByHand(d))
	case !state.Reversible() && !state.HoldsTemplate():
		return nil // no template is needed any more
	}
	err = c.Get(ctx, client.ObjectKey{Namespace: d.Namespace, Name: state.Stable.ReplicaSet}, &appsv1.ReplicaSet{})
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("%w, since ReplicaSet %q, to whose template it goes back, was deleted. %s", ErrUnable, state.Stable.ReplicaSet, forward(d, state))
	}
	if err != nil {
		return fmt.Errorf("cannot get ReplicaSet %q: %w", state.Stable.ReplicaSet, err)
	}
	return nil
}

// wayByHand is for what no state says.
func wayByHand(d *appsv1.Deployment) string {
	return fmt.Sprintf("Take it back as docs/runbook.md says under %q, and then type:\n  kubectl annotate deployment -n %s %s %s- && kubectl label deployment -n %s %s %s-",
		"Going back by hand", d.Namespace, d.Name, rollout.StateAnnotation, d.Namespace, d.Name, rollout.InFlightLabel)
}

// forward is the way that is left without a template to go back to.
func forward(d *appsv1.Deployment, state rollout.State) string {
	switch {
	case state.Phase == rollout.Promoting || state.Stage == rollout.StageRoll:
		return fmt.Sprintf("It goes on to the new version by itself; restore again when this ends:\n  kubectl rollout status deployment -n %s %s", d.Namespace, d.Name)
	case state.Phase == rollout.Stepping:
		return fmt.Sprintf("Go on to the new version, and restore again when that has ended:\n  kubectl annotate deployment -n %s %s %s=%s", d.Namespace, d.Name, rollout.ActionAnnotation, rollout.ActionSkip)
	default:
		return fmt.Sprintf("Take it back as docs/runbook.md says under %q and %q; its own values are under \"user\" in:\n  kubectl get deployment -n %s %s -o jsonpath='{.metadata.annotations.evenkeel\\.dev/rollout}'",
			"Out of the way", "Going back by hand", d.Namespace, d.Name)
	}
}
