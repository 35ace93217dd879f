// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/evenkeel-dev/evenkeel/policy/excerpt"
)

// maxNote is how long an Event's note may be.
const maxNote = 1024

// reloader follows the policy's ConfigMap, on every replica.
type reloader struct {
	client client.Reader
	store  *Store
	events events.EventRecorder
	key    client.ObjectKey
	// told is the resourceVersion of the last bad policy that was told of, taken
	// that of the last one that is in force.
	told, taken string
}

// Follow keeps a store at what the ConfigMap says.
func Follow(mgr ctrl.Manager, store *Store, key client.ObjectKey) error {
	inForce("")
	r := &reloader{client: mgr.GetClient(), store: store, events: mgr.GetEventRecorder("evenkeel"), key: key}
	everywhere := false
	named := builder.WithPredicates(predicate.NewPredicateFuncs(func(o client.Object) bool {
		return client.ObjectKeyFromObject(o) == key
	}))
	err := ctrl.NewControllerManagedBy(mgr).Named("policy").For(&corev1.ConfigMap{}, named).
		WithOptions(controller.Options{NeedLeaderElection: &everywhere}).Complete(r)
	if err != nil {
		return fmt.Errorf("cannot follow the policy: %w", err)
	}
	return nil
}

// Reconcile reads the ConfigMap once.
func (r *reloader) Reconcile(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
	var object corev1.ConfigMap
	err := r.client.Get(ctx, r.key, &object)
	if apierrors.IsNotFound(err) {
		r.store.Reset()
		inForce("")
		r.taken = ""
		log.FromContext(ctx).Info("no policy: the built-in defaults are in force")
		return reconcile.Result{}, nil
	}
	if err != nil {
		return reconcile.Result{}, fmt.Errorf("cannot get the policy: %w", err)
	}
	if err := r.offer(&object); err != nil {
		policyValid.Set(0)
		r.tell(ctx, &object, err)
		return reconcile.Result{}, nil
	}
	policyValid.Set(1)
	if r.taken == object.ResourceVersion {
		return reconcile.Result{}, nil
	}
	r.taken = object.ResourceVersion
	inForce(object.ResourceVersion)
	policyLoads.WithLabelValues(OfCluster, accepted).Inc()
	log.FromContext(ctx).Info("policy loaded", "resourceVersion", object.ResourceVersion, "rules", len(r.store.Current().Rules))
	return reconcile.Result{}, nil
}

func (r *reloader) offer(object *corev1.ConfigMap) error {
	text, found := object.Data[PolicyKey]
	if !found {
		return fmt.Errorf("cannot read the policy: the ConfigMap lacks the key %q", PolicyKey)
	}
	return r.store.Offer([]byte(text))
}

// tell says once of each version that it does not load.
func (r *reloader) tell(ctx context.Context, object *corev1.ConfigMap, err error) {
	if r.told == object.ResourceVersion {
		return
	}
	r.told = object.ResourceVersion
	policyLoads.WithLabelValues(OfCluster, refused).Inc()
	log.FromContext(ctx).Error(err, "the policy does not load: the last good one stays in force", "resourceVersion", object.ResourceVersion)
	r.events.Eventf(object, nil, corev1.EventTypeWarning, "PolicyInvalid", "Load", "%s", note(err))
}

// note is what an Event says of a policy that does not load.
func note(err error) string {
	return excerpt.Bytes(fmt.Sprintf("the last good policy stays in force: %v", err), maxNote)
}
