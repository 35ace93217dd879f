// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/traffic"
	"github.com/evenkeel-dev/evenkeel/traffic/archive"
	"github.com/evenkeel-dev/evenkeel/webhook"
	"github.com/evenkeel-dev/evenkeel/webhook/audit"
	"github.com/evenkeel-dev/evenkeel/webhook/serving"
)

// compose adds every part to the manager.
func compose(ctx context.Context, mgr ctrl.Manager, o *options, source serving.Source, ending *drain) error {
	ready := checks{"drain": ending.ready, "webhook": inOrder(source.Ready, mgr.GetWebhookServer().StartedChecker())}
	if err := mgr.Add(source); err != nil {
		return fmt.Errorf("cannot keep the certificate: %w", err)
	}
	if o.tlsMode == tlsSelf {
		keeper := o.keeper(mgr.GetClient())
		if err := keeper.SetupWithManager(mgr); err != nil {
			return err
		}
		ready["ca"] = keeper.Ready
	}
	policies, err := o.policies(ctx, mgr)
	if err != nil {
		return err
	}
	around, err := watchNeighbours(ctx, mgr)
	if err != nil {
		return err
	}
	counted, err := webhook.NewMetrics(metrics.Registry)
	if err != nil {
		return err
	}
	routes, err := routeKinds(mgr, ending.ask)
	if err != nil {
		return err
	}
	handler := webhook.New(webhook.Options{
		Metrics: counted, Kinds: routes,
		Cache: mgr.GetClient(), Near: around, Filled: around.filled, Live: mgr.GetAPIReader(), Policies: policies, Self: o.self(), Log: mgr.GetLogger().WithName("webhook"),
	})
	handler.Register(mgr.GetWebhookServer())
	if o.auditInterval > 0 {
		if err := audit.SetupWithManager(mgr, handler, o.auditInterval); err != nil {
			return err
		}
	}
	moved, err := traffic.NewMetrics(metrics.Registry, time.Now)
	if err != nil {
		return err
	}
	kept, err := o.keepsRecords(mgr)
	if err != nil {
		return err
	}
	if err := traffic.SetupWithManager(mgr, traffic.Options{Kinds: routes, Metrics: moved, Ledger: kept}); err != nil {
		return err
	}
	if err := o.showPages(mgr); err != nil {
		return err
	}
	if ready["caches"], err = cachesFilled(ctx, mgr, routes); err != nil {
		return err
	}
	return ready.addTo(mgr)
}

// keepsRecords gives what keeps the records of releases; nil where nobody wants them.
func (o *options) keepsRecords(mgr ctrl.Manager) (*archive.Keeper, error) {
	if !o.ledger {
		return nil, nil
	}
	counted, err := archive.NewMetrics(metrics.Registry)
	return &archive.Keeper{Live: mgr.GetAPIReader(), Writer: mgr.GetClient(), Events: mgr.GetEventRecorder("evenkeel"), Metrics: counted}, err
}

// keeper keeps the caBundle of the webhook configurations.
func (o *options) keeper(c client.Client) *serving.Keeper {
	return &serving.Keeper{
		Client: c, Secret: client.ObjectKey{Namespace: o.namespace, Name: o.caSecret},
		Mutating: o.mutatingWebhook, Validating: o.validatingWebhook,
	}
}

// policies gives a store that follows the ConfigMap, and already holds it: no
// request is answered by defaults because it came early.
func (o *options) policies(ctx context.Context, mgr ctrl.Manager) (*config.Store, error) {
	store, key := config.NewStore(), client.ObjectKey{Namespace: o.namespace, Name: o.policyConfigMap}
	var object corev1.ConfigMap
	err := mgr.GetAPIReader().Get(ctx, key, &object)
	if client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("cannot get the policy: %w", err)
	}
	if err == nil {
		_ = store.Offer([]byte(object.Data[config.PolicyKey])) // Follow tells what is wrong with it
	}
	if err := config.Follow(mgr, store, key); err != nil || !o.namespacePolicies {
		return store, err
	}
	return store, config.FollowNamespaces(mgr, store)
}
