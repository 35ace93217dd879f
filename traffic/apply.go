// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// fieldManager owns the annotations that the controller writes.
const fieldManager = client.FieldOwner("evenkeel")

// apply writes the next state where it differs, and makes the world keep the
// promise of the state that is there then, at once: a route does not wait until
// all that happened meanwhile has been looked at. It reports whether the state was
// written, even where what follows fails.
func (r *Reconciler) apply(ctx context.Context, w *world, next rollout.State) (bool, error) {
	if next.Equal(w.snapshot.State) {
		return false, r.keep(ctx, w)
	}
	next.Log = r.ledger.Note(ctx, w.deployment, w.snapshot.State, next)
	written, err := r.writeState(ctx, w.deployment, next)
	if err != nil {
		return false, err
	}
	r.written.keep(written, r.now())
	if w, err = r.observe(ctx, written); err != nil {
		return true, err
	}
	return true, r.keep(ctx, w)
}

// keep makes the world keep the promise of the state that is there.
func (r *Reconciler) keep(ctx context.Context, w *world) error {
	state := w.snapshot.State
	if !state.InFlight() {
		return r.release(ctx, client.ObjectKeyFromObject(w.deployment))
	}
	if err := r.keepTraffic(ctx, w); err != nil || w.snapshot.Rendered {
		return err
	}
	_, err := r.writeState(ctx, w.deployment, state) // the webhook was not called: ask it again
	return err
}

// keepTraffic makes the Services and routes keep it.
func (r *Reconciler) keepTraffic(ctx context.Context, w *world) error {
	target := w.snapshot.State.Target()
	for _, seen := range w.snapshot.Services {
		if err := r.applyService(ctx, w, seen, target); err != nil {
			return err
		}
	}
	for _, seen := range w.routes {
		if err := r.applyRoute(ctx, w, seen); err != nil {
			return err
		}
	}
	return nil
}

// writeState writes the state annotation; admission renders the rest. It gives
// the Deployment as the API server has it then.
func (r *Reconciler) writeState(ctx context.Context, d *appsv1.Deployment, state rollout.State) (*appsv1.Deployment, error) {
	written := d.DeepCopy()
	return written, r.annotate(ctx, written, rollout.StateAnnotation, state.String(), state.InFlight())
}

func (r *Reconciler) applyService(ctx context.Context, w *world, seen rollout.Service, target rollout.Target) error {
	if seen.Exists && !seen.InPlace && seen.By == "" && !shared(w.services[seen.Name], seen) {
		if err := r.annotateService(ctx, w.services[seen.Name], w.narrowing(w.services[seen.Name], w.narrow(target))); err != nil {
			return err
		}
	}
	if seen.CanaryInPlace {
		return nil
	}
	if target.Canary == rollout.CanaryServiceAbsent {
		return r.deleteCanaryService(ctx, w, seen.Name+route.CanarySuffix)
	}
	return r.applyCanaryService(ctx, w, seen)
}

// annotateService has a user's Service narrowed, or left to its user.
func (r *Reconciler) annotateService(ctx context.Context, service *corev1.Service, narrow route.Narrow) error {
	return r.annotate(ctx, service, route.SplitAnnotation, narrow.String(), narrow != route.Narrow{})
}

// narrowing is what a Service is to be annotated with. One that is to be widened,
// and lost its annotation where no webhook was called, is annotated as it stands
// first: admission takes out what an annotation put in.
func (w *world) narrowing(service *corev1.Service, want route.Narrow) route.Narrow {
	shown := service.Spec.Selector[appsv1.DefaultDeploymentUniqueLabelKey]
	if want == (route.Narrow{}) && shown != "" && service.Annotations[route.SplitAnnotation] == "" {
		return route.Narrow{Deployment: w.deployment.Name, Hash: shown}
	}
	return want
}

// applyRoute makes a route carry its split, and the objects beside it what they
// are to be. What is to go goes last, so that no request is without a way.
func (r *Reconciler) applyRoute(ctx context.Context, w *world, seen *routeSeen) error {
	if seen.object == nil {
		return nil
	}
	d := w.deployment
	owner := metav1.OwnerReference{APIVersion: "apps/v1", Kind: "Deployment", Name: d.Name, UID: d.UID}
	if err := r.applyOwned(ctx, seen, owner); err != nil {
		return err
	}
	if !seen.shown {
		if err := r.annotate(ctx, seen.object, route.SplitAnnotation, seen.split.String(), len(seen.split.Shares) > 0); err != nil {
			return err
		}
	}
	return r.deleteSpare(ctx, seen)
}

// applyOwned writes the objects beside a route; they go with their owner.
func (r *Reconciler) applyOwned(ctx context.Context, seen *routeSeen, reference metav1.OwnerReference) error {
	reference.Controller, reference.BlockOwnerDeletion = ptr.To(true), ptr.To(false)
	for _, object := range seen.owned {
		own := &unstructured.Unstructured{Object: route.With(object, seen.ref.String(), "metadata", "annotations", ofAnnotation)}
		own.SetLabels(map[string]string{rollout.RoleLabel: rollout.RoleCanary, "app.kubernetes.io/managed-by": "evenkeel"})
		own.SetOwnerReferences([]metav1.OwnerReference{reference})
		if err := r.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(own), fieldManager, client.ForceOwnership); err != nil {
			return fmt.Errorf("cannot apply %s %q: %w", seen.ref.Kind.Name(), own.GetName(), err)
		}
	}
	return nil
}

// deleteSpare deletes what is beside a route and is not to be.
func (r *Reconciler) deleteSpare(ctx context.Context, seen *routeSeen) error {
	for _, object := range seen.spare {
		uid := object.GetUID()
		if err := client.IgnoreNotFound(r.client.Delete(ctx, object, client.Preconditions{UID: &uid})); err != nil {
			return fmt.Errorf("cannot delete %s %q: %w", object.GetKind(), object.GetName(), err)
		}
	}
	return nil
}

// annotate writes one annotation and the label that shows the object to the
// guard webhooks, and makes of the object what it then is: it must not be the
// cache's own. An empty value removes both. It fails with a conflict where
// somebody else wrote in between.
func (r *Reconciler) annotate(ctx context.Context, object client.Object, key, value string, inFlight bool) error {
	set := map[string]any{key: nil}
	if value != "" {
		set[key] = value
	}
	mark := map[string]any{rollout.InFlightLabel: nil}
	if inFlight {
		mark[rollout.InFlightLabel] = "true"
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"resourceVersion": object.GetResourceVersion(), "annotations": set, "labels": mark,
	}})
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", key, err)
	}
	if err := r.client.Patch(ctx, object, client.RawPatch(types.MergePatchType, patch), fieldManager); err != nil {
		return fmt.Errorf("cannot write %s of %s %q: %w", key, kindOf(object), object.GetName(), err)
	}
	return nil
}

// kindOf names an object's kind for a person.
func kindOf(object client.Object) string {
	if kind := object.GetObjectKind().GroupVersionKind().Kind; kind != "" {
		return kind
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", object), "*v1.")
}
