// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
	"github.com/evenkeel-dev/evenkeel/traffic/route/kinds"
)

// checks are what a replica must be able to say to get requests, by name.
type checks map[string]healthz.Checker

// addTo serves the checks at /readyz. /healthz says only that the process
// answers: a restart mends nothing that the checks find.
func (c checks) addTo(mgr ctrl.Manager) error {
	for name, check := range c {
		if err := mgr.AddReadyzCheck(name, check); err != nil {
			return fmt.Errorf("cannot check readiness: %w", err)
		}
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return fmt.Errorf("cannot check health: %w", err)
	}
	return nil
}

// inOrder asks each check only where those before it hold.
func inOrder(all ...healthz.Checker) healthz.Checker {
	return func(request *http.Request) error {
		for _, check := range all {
			if err := check(request); err != nil {
				return err
			}
		}
		return nil
	}
}

// cachesFilled starts the caches that admission reads, and gives the check that
// they are filled. Routes are read as trees: a cache of their types would be a
// second one, and the first review would wait for that of the trees.
func cachesFilled(ctx context.Context, mgr ctrl.Manager, routes []route.Kind) (healthz.Checker, error) {
	for _, object := range readByAdmission(routes) {
		if _, err := mgr.GetCache().GetInformer(ctx, object, cache.BlockUntilSynced(false)); err != nil {
			return nil, fmt.Errorf("cannot watch %T %s: %w", object, object.GetObjectKind().GroupVersionKind().Kind, err)
		}
	}
	var filled atomic.Bool
	err := mgr.Add(onEveryReplica(func(ctx context.Context) error {
		filled.Store(mgr.GetCache().WaitForCacheSync(ctx))
		return nil
	}))
	if err != nil {
		return nil, fmt.Errorf("cannot wait for the caches: %w", err)
	}
	return func(*http.Request) error {
		if !filled.Load() {
			return errors.New("the caches are not filled yet")
		}
		return nil
	}, nil
}

// readByAdmission are the kinds that reviews look at: Deployments where somebody scales
// one.
func readByAdmission(routes []route.Kind) []client.Object {
	all := []client.Object{&appsv1.Deployment{}, &appsv1.ReplicaSet{}, &corev1.Service{}, &corev1.Namespace{}, &networkingv1.IngressClass{}}
	for _, kind := range routes {
		all = append(all, kinds.Blank(kind))
	}
	return all
}

// onEveryReplica is a runnable that waits for no leader.
type onEveryReplica func(context.Context) error

var _ manager.LeaderElectionRunnable = onEveryReplica(nil)

// Start runs the function.
func (f onEveryReplica) Start(ctx context.Context) error { return f(ctx) }

// NeedLeaderElection is false.
func (onEveryReplica) NeedLeaderElection() bool { return false }
