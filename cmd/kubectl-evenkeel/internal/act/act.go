// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package act

import (
	"context"
	"encoding/json"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/flight"
	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// Verb is what a person says.
type Verb string

// The verbs. Hold and Resume are kubectl rollout pause and resume for a
// Deployment, and actions for what knows no pause.
const (
	Continue Verb = "continue"
	Skip     Verb = "skip"
	Rollback Verb = "rollback"
	Retry    Verb = "retry"
	Hold     Verb = "hold"
	Resume   Verb = "resume"
)

// tries bounds how often a write meets another one.
const tries = 10

// Do says the verb to the rollout that a person has seen. Every write carries the
// resourceVersion that was read. Where others wrote meanwhile it is said again, but
// only while the rollout stands where the person saw it: said twice, "continue"
// does not pass two steps.
func Do(ctx context.Context, c kubernetes.Interface, seen flight.Flight, verb Verb) error {
	if verb == Resume && seen.Kind != flight.Deployment && !seen.Held { // "continue" would pass a step instead
		return fmt.Errorf("%s is not held, so there is nothing to resume; a step that waits for a person goes on with:\n  kubectl evenkeel continue %s -n %s", seen.Ref(), seen.Ref(), seen.Namespace)
	}
	now := seen
	for range tries {
		err := patch(ctx, c, now, verb)
		if !apierrors.IsConflict(err) {
			return err
		}
		if now, err = flight.Get(ctx, c, seen.Namespace, flight.Ref{Kind: seen.Kind, Name: seen.Name}); err != nil {
			return err
		}
		if !now.Same(seen) {
			return fmt.Errorf("the rollout has moved on since you looked (%s, step %s), so %q was not said; look at it, and say it again:\n  kubectl evenkeel %s %s -n %s", now.Phase, now.Place(), verb, verb, seen.Ref(), seen.Namespace)
		}
	}
	return fmt.Errorf("cannot say %q: others write %s all the time; say it again", verb, seen.Ref())
}

// patch writes once.
func patch(ctx context.Context, c kubernetes.Interface, f flight.Flight, verb Verb) error {
	body, err := json.Marshal(Patch(f, verb))
	if err != nil {
		return fmt.Errorf("cannot write the patch: %w", err)
	}
	options := metav1.PatchOptions{FieldManager: "kubectl-evenkeel"}
	switch f.Kind {
	case flight.StatefulSet:
		_, err = c.AppsV1().StatefulSets(f.Namespace).Patch(ctx, f.Name, types.MergePatchType, body, options)
	case flight.DaemonSet:
		_, err = c.AppsV1().DaemonSets(f.Namespace).Patch(ctx, f.Name, types.MergePatchType, body, options)
	default:
		_, err = c.AppsV1().Deployments(f.Namespace).Patch(ctx, f.Name, types.MergePatchType, body, options)
	}
	return err
}

// Patch is the merge patch that says the verb to the object that was read.
func Patch(f flight.Flight, verb Verb) map[string]any {
	meta := map[string]any{}
	if f.ResourceVersion != "" {
		meta["resourceVersion"] = f.ResourceVersion
	}
	body := map[string]any{"metadata": meta}
	action := rollout.Action(verb)
	switch {
	case f.Kind == flight.Deployment && (verb == Hold || verb == Resume):
		body["spec"] = map[string]any{"paused": verb == Hold}
		return body
	case verb == Hold:
		action = batch.ActionHold
	case verb == Resume:
		action = rollout.ActionContinue
	}
	meta["annotations"] = map[string]any{rollout.ActionAnnotation: string(action)}
	return body
}
