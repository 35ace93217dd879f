// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync/atomic"

	"github.com/spf13/cobra"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	ctrlwebhook "sigs.k8s.io/controller-runtime/pkg/webhook"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/traffic"
	"github.com/evenkeel-dev/evenkeel/webhook"
	"github.com/evenkeel-dev/evenkeel/webhook/serving"
)

func managerCommand() *cobra.Command {
	o := &options{}
	cmd := &cobra.Command{
		Use: "manager", Short: "Run the admission webhook and the traffic controller", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.fromEnvironment(os.Getenv)
			if err := o.validate(); err != nil {
				return err
			}
			ctrl.SetLogger(zap.New())
			return run(cmd.Context(), o)
		},
	}
	o.addFlags(cmd.Flags())
	return cmd
}

// run is the composition root: it puts the parts together and starts them.
func run(ctx context.Context, o *options) error {
	rest, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("cannot reach a cluster: %w", err)
	}
	source := serving.Files(o.certDir)
	if o.tlsMode == tlsSelf {
		source = serving.SelfKept(rest, o.namespace, o.caSecret, o.serviceName)
	}
	server := ctrlwebhook.NewServer(ctrlwebhook.Options{Port: o.webhookPort, TLSOpts: []func(*tls.Config){source.Configure}})
	mgr, err := ctrl.NewManager(rest, ctrl.Options{
		Scheme: scheme(), Cache: o.cache(), WebhookServer: server,
		Client:                        client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{}}},
		Metrics:                       metricsserver.Options{BindAddress: o.metricsAddress},
		HealthProbeBindAddress:        o.healthAddress,
		LeaderElection:                true,
		LeaderElectionID:              o.leaderElectionID,
		LeaderElectionNamespace:       o.namespace,
		LeaderElectionReleaseOnCancel: true,
	})
	if err != nil {
		return fmt.Errorf("cannot make the manager: %w", err)
	}
	if err := compose(ctx, mgr, o, source); err != nil {
		return err
	}
	if err := mgr.Start(ctx); err != nil {
		return fmt.Errorf("cannot run the manager: %w", err)
	}
	return nil
}

// compose adds every part to the manager.
func compose(ctx context.Context, mgr ctrl.Manager, o *options, source serving.Source) error {
	if err := mgr.Add(source); err != nil {
		return fmt.Errorf("cannot keep the certificate: %w", err)
	}
	if o.tlsMode == tlsSelf {
		keeper := &serving.Keeper{
			Client: mgr.GetClient(), Secret: client.ObjectKey{Namespace: o.namespace, Name: o.caSecret},
			Mutating: o.mutatingWebhook, Validating: o.validatingWebhook,
		}
		if err := keeper.SetupWithManager(mgr); err != nil {
			return err
		}
	}
	store := config.NewStore()
	if err := config.Follow(mgr, store, client.ObjectKey{Namespace: o.namespace, Name: o.policyConfigMap}); err != nil {
		return err
	}
	webhook.New(webhook.Options{
		Cache: mgr.GetClient(), Live: mgr.GetAPIReader(), Policies: store, Self: o.self(), Log: mgr.GetLogger().WithName("webhook"),
	}).Register(mgr.GetWebhookServer())
	if err := traffic.SetupWithManager(mgr, traffic.Options{}); err != nil {
		return err
	}
	return health(ctx, mgr, source)
}

// health makes a replica ready when it can answer: caches, certificate, server.
func health(ctx context.Context, mgr ctrl.Manager, source serving.Source) error {
	for _, object := range []client.Object{&appsv1.ReplicaSet{}, &corev1.Service{}, &corev1.Namespace{}, &gatewayv1.HTTPRoute{}} {
		if _, err := mgr.GetCache().GetInformer(ctx, object, cache.BlockUntilSynced(false)); err != nil {
			return fmt.Errorf("cannot watch %T: %w", object, err)
		}
	}
	var synced atomic.Bool
	if err := mgr.Add(onEveryReplica(func(ctx context.Context) error {
		synced.Store(mgr.GetCache().WaitForCacheSync(ctx))
		return nil
	})); err != nil {
		return fmt.Errorf("cannot watch the caches: %w", err)
	}
	checks := map[string]healthz.Checker{
		"certificate": source.Ready,
		"webhook":     mgr.GetWebhookServer().StartedChecker(),
		"caches": func(*http.Request) error {
			if !synced.Load() {
				return errors.New("the caches are not filled yet")
			}
			return nil
		},
	}
	for name, check := range checks {
		if err := mgr.AddReadyzCheck(name, check); err != nil {
			return fmt.Errorf("cannot check readiness: %w", err)
		}
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return fmt.Errorf("cannot check health: %w", err)
	}
	return nil
}

// onEveryReplica is a runnable that waits for no leader.
type onEveryReplica func(context.Context) error

var _ manager.LeaderElectionRunnable = onEveryReplica(nil)

func (f onEveryReplica) Start(ctx context.Context) error { return f(ctx) }

func (onEveryReplica) NeedLeaderElection() bool { return false }

// cache keeps of the cluster what the manager may see and needs.
func (o *options) cache() cache.Options {
	own := func(name string) cache.ByObject {
		return cache.ByObject{
			Namespaces: map[string]cache.Config{o.namespace: {}},
			Field:      fields.OneTermEqualSelector("metadata.name", name),
		}
	}
	return cache.Options{
		DefaultTransform: cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&corev1.Secret{}:                              own(o.caSecret),
			&corev1.ConfigMap{}:                           own(o.policyConfigMap),
			&admissionv1.MutatingWebhookConfiguration{}:   {Field: fields.OneTermEqualSelector("metadata.name", o.mutatingWebhook)},
			&admissionv1.ValidatingWebhookConfiguration{}: {Field: fields.OneTermEqualSelector("metadata.name", o.validatingWebhook)},
		},
	}
}

func scheme() *runtime.Scheme {
	s := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(s))
	utilruntime.Must(gatewayv1.Install(s))
	return s
}
