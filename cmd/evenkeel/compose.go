// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"

	"go.opentelemetry.io/otel/trace"
	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/evenkeel-dev/evenkeel/cmd/evenkeel/measure"
	"github.com/evenkeel-dev/evenkeel/cmd/evenkeel/routecache"
	"github.com/evenkeel-dev/evenkeel/cmd/evenkeel/tracing"
	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic"
	"github.com/evenkeel-dev/evenkeel/traffic/archive"
	"github.com/evenkeel-dev/evenkeel/traffic/guard"
	"github.com/evenkeel-dev/evenkeel/traffic/index"
	"github.com/evenkeel-dev/evenkeel/traffic/notify"
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
	var keeper *serving.Keeper
	if o.tlsMode == tlsSelf {
		keeper = o.keeper(mgr.GetClient())
		if err := keeper.SetupWithManager(mgr); err != nil {
			return err
		}
		ready["ca"] = keeper.Ready
	}
	tracer, err := traces(ctx, mgr)
	if err != nil {
		return err
	}
	counts, err := measure.Register(metrics.Registry, measure.Of{Version: version, Certificate: source, Keeper: keeper})
	if err != nil {
		return err
	}
	policies, err := o.policies(ctx, mgr)
	if err != nil {
		return err
	}
	around, err := watchNeighbours(ctx, mgr)
	if err != nil {
		return err
	}
	routes, err := routeKinds(mgr, ending.ask)
	if err != nil {
		return err
	}
	if err := index.Add(ctx, mgr.GetFieldIndexer(), routes, routecache.Tree); err != nil {
		return err
	}
	handler := webhook.New(webhook.Options{
		Metrics: counts.Admission, Tracer: tracer, Kinds: routes, Events: mgr.GetEventRecorder("evenkeel"),
		Cache: mgr.GetClient(), Near: around, Filled: around.filled, Live: mgr.GetAPIReader(), Policies: policies, Self: o.self(), Log: mgr.GetLogger().WithName("webhook"),
	})
	handler.Register(ending.leaving(mgr.GetWebhookServer().Register))
	if o.auditInterval > 0 {
		if err := audit.SetupWithManager(mgr, handler, o.auditInterval); err != nil {
			return err
		}
	}
	if err := o.controllers(mgr, policies, traffic.Options{Kinds: routes, Metrics: counts.Rollouts, Tracer: tracer}, counts); err != nil {
		return err
	}
	if err := o.showPages(mgr); err != nil {
		return err
	}
	if ready["caches"], err = cachesFilled(ctx, mgr, routes); err != nil {
		return err
	}
	if err := giveBack(mgr); err != nil {
		return err
	}
	return ready.addTo(mgr)
}

// controllers adds what takes releases further, with all that stands beside them.
func (o *options) controllers(mgr ctrl.Manager, policies *config.Store, with traffic.Options, counts measure.Metrics) error {
	outside, err := o.outside(mgr, policies, counts.Notifications)
	if err != nil {
		return err
	}
	with.Tell, with.Ledger = outside.Tell, o.keepsRecords(mgr, counts.Ledger)
	with.Guard = guard.New(mgr.GetClient(), policies, mgr.GetEventRecorder("evenkeel"), counts.Guard)
	if with.Evidence, err = o.evidence(mgr, policies, counts.Analyses); err != nil {
		return err
	}
	return traffic.SetupWithManager(mgr, with)
}

// traces gives what makes spans; nil where nobody collects them.
func traces(ctx context.Context, mgr ctrl.Manager) (trace.Tracer, error) {
	all, err := tracing.New(ctx, os.Getenv, version, mgr.GetLogger().WithName("traces"))
	if err != nil {
		return nil, err
	}
	if err := mgr.Add(all); err != nil {
		return nil, fmt.Errorf("cannot trace: %w", err)
	}
	return all.Tracer(), nil
}

// outside gives what tells of rollouts outside the cluster.
func (o *options) outside(mgr ctrl.Manager, policies *config.Store, counts *notify.Metrics) (*notify.Notifier, error) {
	notifier := notify.New(notify.Options{
		Places:  func() []policy.Notification { return policies.Current().Notifications },
		Secrets: mgr.GetAPIReader(), Namespace: o.namespace, Metrics: counts, Log: mgr.GetLogger().WithName("notify"),
	})
	if err := mgr.Add(notifier); err != nil {
		return nil, fmt.Errorf("cannot tell of rollouts outside the cluster: %w", err)
	}
	return notifier, nil
}

// keepsRecords gives what keeps the records of releases; nil where nobody wants them.
func (o *options) keepsRecords(mgr ctrl.Manager, counts *archive.Metrics) *archive.Keeper {
	if !o.ledger {
		return nil
	}
	return &archive.Keeper{Live: mgr.GetAPIReader(), Writer: mgr.GetClient(), Events: mgr.GetEventRecorder("evenkeel"), Metrics: counts}
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
