// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
	"github.com/evenkeel-dev/evenkeel/traffic/route/kinds"
	"github.com/evenkeel-dev/evenkeel/traffic/traced"
)

// handRetry is when a route is looked at again beside which something is in the way:
// nobody tells that it is gone.
const handRetry = time.Minute

// byHand keeps the objects beside routes of one kind whose owners divide them by
// annotation. The routes themselves are rendered by admission in the same write.
type byHand struct {
	*Reconciler
	kind route.Kind
}

// setUpByHand adds a controller for each kind of route.
func (r *Reconciler) setUpByHand(mgr ctrl.Manager) error {
	for _, kind := range r.kinds {
		err := ctrl.NewControllerManagedBy(mgr).Named("by-hand-"+string(kind)).
			For(kinds.Blank(kind), builder.WithPredicates(carriesSplit)).
			Owns(kinds.Blank(kind)).
			WithOptions(looks(1)).
			Complete(traced.Reconciler(r.tracer, kind.Name(), byHand{Reconciler: r, kind: kind}))
		if err != nil {
			return fmt.Errorf("cannot set up the controller of %ss by hand: %w", kind.Name(), err)
		}
	}
	return nil
}

// carriesSplit lets through the routes that carry a split, or did before. One that
// lost it unseen is found by what is beside it.
var carriesSplit = predicate.Funcs{
	CreateFunc: func(e event.CreateEvent) bool { return hasSplit(e.Object) },
	UpdateFunc: func(e event.UpdateEvent) bool { return hasSplit(e.ObjectOld) || hasSplit(e.ObjectNew) },
	DeleteFunc: func(event.DeleteEvent) bool { return false }, // what is beside it goes with it
}

func hasSplit(o client.Object) bool { return o.GetAnnotations()[route.SplitAnnotation] != "" }

// Reconcile makes what is beside a route what its shares by hand ask for.
func (h byHand) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	seen := &routeSeen{ref: route.Ref{Kind: h.kind, Name: request.Name}, object: kinds.Blank(h.kind)}
	if err := h.client.Get(ctx, request.NamespacedName, seen.object); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if err := h.keep(ctx, seen); err != nil && !apierrors.IsConflict(err) {
		return reconcile.Result{}, err
	}
	if seen.foreign != "" {
		h.record.blocked(seen.object, seen.foreign)
		return reconcile.Result{RequeueAfter: handRetry}, nil
	}
	return reconcile.Result{}, nil
}

func (h byHand) keep(ctx context.Context, seen *routeSeen) error {
	carried, err := route.Parse(seen.object.GetAnnotations()[route.SplitAnnotation])
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", seen.ref.Words(), err)
	}
	var want []route.Object
	if hand := carried.OfDeployment(""); len(hand.Shares) > 0 {
		renderer, err := h.renderer(ctx, seen)
		if err != nil {
			return err
		}
		if want, err = owned(renderer, renderer.Restore(seen.object.Object, carried), hand, seen.ref); err != nil {
			return err
		}
	}
	if _, err := h.observeOwned(ctx, seen.object, seen, want); err != nil {
		return err
	}
	reference := metav1.OwnerReference{APIVersion: h.kind.APIVersion(), Kind: h.kind.Name(), Name: seen.object.GetName(), UID: seen.object.GetUID()}
	if err := h.applyOwned(ctx, seen, reference); err != nil {
		return err
	}
	return h.deleteSpare(ctx, seen)
}
