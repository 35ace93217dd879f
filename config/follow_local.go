// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"context"
	"fmt"
	"sync"

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
)

// localReloader follows the namespaces' own policies, on every replica.
type localReloader struct {
	client client.Reader
	store  *Store
	events events.EventRecorder
	mu     sync.Mutex
	// valid says of each policy that exists whether it loads; told is the
	// resourceVersion of the last bad one that was told of.
	valid map[client.ObjectKey]bool
	told  map[client.ObjectKey]string
	// counted is the last resourceVersion that was counted of each.
	counted map[client.ObjectKey]string
}

// FollowNamespaces keeps a store at what the ConfigMaps of namespaces say.
func FollowNamespaces(mgr ctrl.Manager, store *Store) error {
	r := newLocalReloader(mgr.GetClient(), store, mgr.GetEventRecorder("evenkeel"))
	everywhere := false
	labelled := builder.WithPredicates(predicate.NewPredicateFuncs(func(o client.Object) bool { return o.GetLabels()[PolicyLabel] == OfNamespace }))
	err := ctrl.NewControllerManagedBy(mgr).Named("namespace-policies").For(&corev1.ConfigMap{}, labelled).
		WithOptions(controller.Options{NeedLeaderElection: &everywhere}).Complete(r)
	if err != nil {
		return fmt.Errorf("cannot follow the namespaces' policies: %w", err)
	}
	return nil
}

func newLocalReloader(c client.Reader, store *Store, recorder events.EventRecorder) *localReloader {
	return &localReloader{
		client: c, store: store, events: recorder,
		valid: map[client.ObjectKey]bool{}, told: map[client.ObjectKey]string{}, counted: map[client.ObjectKey]string{},
	}
}

// Reconcile reads one ConfigMap once.
func (r *localReloader) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	var object corev1.ConfigMap
	err := r.client.Get(ctx, request.NamespacedName, &object)
	if apierrors.IsNotFound(err) || (err == nil && object.Labels[PolicyLabel] != OfNamespace) {
		r.store.RemoveLocal(request.Namespace, request.Name)
		r.forget(request.NamespacedName)
		return reconcile.Result{}, nil
	}
	if err != nil {
		return reconcile.Result{}, fmt.Errorf("cannot get the namespace's policy: %w", err)
	}
	err = r.store.OfferLocal(object.Namespace, object.Name, []byte(object.Data[PolicyKey]))
	if r.keep(request.NamespacedName, object.ResourceVersion, err) {
		log.FromContext(ctx).Info("a namespace's policy does not load: the last good one stays in force", "cause", err.Error())
		r.events.Eventf(&object, nil, corev1.EventTypeWarning, "PolicyInvalid", "Load", "%s", note(err))
	}
	return reconcile.Result{}, nil
}

// keep notes whether a policy loads, and tells whether a person is to hear of it.
func (r *localReloader) keep(key client.ObjectKey, version string, err error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.valid[key] = err == nil
	r.show()
	if r.counted[key] != version {
		r.counted[key] = version
		policyLoads.WithLabelValues(OfNamespace, resultOf(err)).Inc()
	}
	news := err != nil && r.told[key] != version
	if news {
		r.told[key] = version
	}
	return news
}

func (r *localReloader) forget(key client.ObjectKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.valid, key)
	delete(r.told, key)
	delete(r.counted, key)
	r.show()
}

func (r *localReloader) show() {
	count := map[bool]float64{}
	for _, valid := range r.valid {
		count[valid]++
	}
	localPolicies.WithLabelValues("valid").Set(count[true])
	localPolicies.WithLabelValues("invalid").Set(count[false])
}
