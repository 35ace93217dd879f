// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

var policyValid = prometheus.NewGauge(prometheus.GaugeOpts{
	Name: "evenkeel_policy_valid",
	Help: "1 while the policy ConfigMap is the policy in force, 0 while it does not load and the last good one stays.",
})

// reloader follows the policy's ConfigMap, on every replica.
type reloader struct {
	client client.Reader
	store  *Store
	events events.EventRecorder
	key    client.ObjectKey
	// told is the resourceVersion of the last bad policy that was told of.
	told string
}

// Follow keeps a store at what the ConfigMap says.
func Follow(mgr ctrl.Manager, store *Store, key client.ObjectKey) error {
	if err := metrics.Registry.Register(policyValid); err != nil {
		return fmt.Errorf("cannot register the policy's metric: %w", err)
	}
	policyValid.Set(1)
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
		policyValid.Set(1)
		log.FromContext(ctx).Info("no policy: the built-in defaults are in force")
		return reconcile.Result{}, nil
	}
	if err != nil {
		return reconcile.Result{}, fmt.Errorf("cannot get the policy: %w", err)
	}
	if err := r.store.Offer([]byte(object.Data[PolicyKey])); err != nil {
		policyValid.Set(0)
		if r.told != object.ResourceVersion {
			r.told = object.ResourceVersion
			log.FromContext(ctx).Error(err, "the policy does not load: the last good one stays in force")
			r.events.Eventf(&object, nil, corev1.EventTypeWarning, "PolicyInvalid", "Load", "the last good policy stays in force: %v", err)
		}
		return reconcile.Result{}, nil
	}
	policyValid.Set(1)
	log.FromContext(ctx).Info("policy loaded", "resourceVersion", object.ResourceVersion, "rules", len(r.store.Current().Rules))
	return reconcile.Result{}, nil
}
