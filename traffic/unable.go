// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"context"
	"errors"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// ErrUnable tells that neither a manager nor Restore can take a rollout back: a
// person has to.
var ErrUnable = errors.New("a person has to")

// Unable says why nothing takes a workload that is marked as in flight back, and
// what to type: an ErrUnable. It is nil where there is a way.
func (f Flight) Unable(ctx context.Context, c client.Reader) error {
	state, err := f.State()
	switch {
	case err != nil:
		return fmt.Errorf("%w, since nobody knows what is its own: %w. %s", ErrUnable, err, f.thawed())
	case state.Phase == "":
		return fmt.Errorf("%w, since nobody knows what is its own: it has the label %s and no annotation %s. %s", ErrUnable, rollout.InFlightLabel, rollout.StateAnnotation, f.unmarked())
	case f.Object.Kind != deployment || (!state.Reversible() && !state.HoldsTemplate()):
		return nil // no ReplicaSet's template is needed, or not any more
	}
	err = c.Get(ctx, client.ObjectKey{Namespace: f.Object.Namespace, Name: state.Stable.ReplicaSet}, &appsv1.ReplicaSet{})
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("%w, since ReplicaSet %q, to whose template it goes back, was deleted. %s", ErrUnable, state.Stable.ReplicaSet, f.forward(state))
	}
	if err != nil {
		return fmt.Errorf("cannot get ReplicaSet %q: %w", state.Stable.ReplicaSet, err)
	}
	return nil
}

// typed names the workload as kubectl takes it.
func (f Flight) typed() string {
	return fmt.Sprintf("-n %s %s/%s", f.Object.Namespace, strings.ToLower(f.Object.Kind), f.Object.Name)
}

// thawed is the way of a state that cannot be read.
func (f Flight) thawed() string {
	return fmt.Sprintf("Where no manager runs, take it back as docs/runbook.md says under %q; where one does, type:\n  kubectl annotate %s %s=%s",
		"Going back by hand", f.typed(), rollout.ActionAnnotation, rollout.ActionRollback)
}

// unmarked is the way of what no state says.
func (f Flight) unmarked() string {
	return fmt.Sprintf("Take it back as docs/runbook.md says under %q, and then type:\n  kubectl label %s %s-", "Going back by hand", f.typed(), rollout.InFlightLabel)
}

// forward is the way that is left without a template to go back to.
func (f Flight) forward(state rollout.State) string {
	switch {
	case state.Phase == rollout.Promoting || state.Stage == rollout.StageRoll:
		return fmt.Sprintf("It goes on to the new version by itself; restore again when this ends:\n  kubectl rollout status %s", f.typed())
	case state.Phase == rollout.Stepping:
		return fmt.Sprintf("Go on to the new version, and restore again when that has ended:\n  kubectl annotate %s %s=%s", f.typed(), rollout.ActionAnnotation, rollout.ActionSkip)
	default:
		return fmt.Sprintf("Take it back as docs/runbook.md says under %q and %q; its own values are under \"user\" in:\n  kubectl get %s -o jsonpath='{.metadata.annotations.evenkeel\\.dev/rollout}'",
			"Out of the way", "Going back by hand", f.typed())
	}
}
