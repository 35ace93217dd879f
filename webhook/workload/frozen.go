// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/webhook/review"
)

// ReasonFrozen is told of a rollout that went back without its state.
const ReasonFrozen = "its state could not be read, and a person asked for the way back"

// Frozen is a user's write of a workload whose rollout's state cannot be read, of
// any of the kinds.
type Frozen struct {
	Why            error
	Kind           string
	Live, Incoming metav1.Object
	SameTemplate   bool
	Knobs          []policy.Change // those of the live object
	// Thaw makes the state of a way back out of what the cluster shows.
	Thaw func() (Outcome, error)
}

// Write answers it. Traffic and pods stay as they are: state, template and knobs
// do, all else is taken. The one way out is the way back, for which the cluster is
// surveyed anew.
func (f Frozen) Write() (Outcome, error) {
	word := rollout.Action(f.Incoming.GetAnnotations()[rollout.ActionAnnotation])
	switch {
	case word == rollout.ActionRollback && f.SameTemplate:
		return f.Thaw()
	case word != "" || !f.SameTemplate:
		return Outcome{Denied: fmt.Sprintf("evenkeel: its rollout is frozen: %v. Its traffic and its pods stay as they are, and nothing starts on top of that. Go back to stable first, without another change:\n  kubectl annotate %s -n %s %s %s=%s",
			f.Why, strings.ToLower(f.Kind), f.Live.GetNamespace(), f.Live.GetName(), rollout.ActionAnnotation, rollout.ActionRollback)}, nil
	}
	changes := append(f.Knobs,
		policy.Change{Path: review.AnnotationPath(rollout.StateAnnotation), Value: OrNil(f.Live.GetAnnotations()[rollout.StateAnnotation])},
		policy.Change{Path: review.LabelPath(rollout.InFlightLabel), Value: OrNil(f.Live.GetLabels()[rollout.InFlightLabel])})
	return Outcome{Changes: changes, Warnings: []string{"evenkeel: " + f.Why.Error() + "; it stays as it is until it goes back (annotation " + rollout.ActionAnnotation + "=rollback)"}}, nil
}
