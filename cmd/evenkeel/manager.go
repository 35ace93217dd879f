// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	ctrlwebhook "sigs.k8s.io/controller-runtime/pkg/webhook"

	"github.com/evenkeel-dev/evenkeel/cmd/command"
	"github.com/evenkeel-dev/evenkeel/webhook/serving"
)

// shutdownTimeout is how long what runs may take to end, after the drain.
const shutdownTimeout = 20 * time.Second

func managerCommand() *cobra.Command {
	o := &options{}
	cmd := &cobra.Command{
		Use: "manager", Short: "Run the admission webhook and the traffic controller", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.fromEnvironment(os.Getenv)
			if err := o.validate(); err != nil {
				return err
			}
			logTo(slog.NewJSONHandler(os.Stderr, nil))
			boundMemory()
			return run(cmd.Context(), o)
		},
	}
	o.addFlags(cmd.Flags())
	return cmd
}

// logTo sends the logs of all libraries one way.
func logTo(handler slog.Handler) {
	logger := logr.FromSlogHandler(handler)
	ctrl.SetLogger(logger)
	klog.SetLogger(logger)
	slog.SetDefault(slog.New(handler)) // and with it package log, for net/http
}

// run serves until the context ends or something asks for the end, and for the
// drain's delay after it.
func run(ctx context.Context, o *options) error {
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("cannot reach a cluster: %w", err)
	}
	source := o.source(config)
	secure := []func(*tls.Config){source.Configure}
	if o.clientCA != "" {
		clients, err := serving.TrustClients(o.clientCA, o.clientNames)
		if err != nil {
			return err
		}
		secure = append(secure, clients.Configure)
	}
	mgr, err := ctrl.NewManager(config, o.manager(secure))
	if err != nil {
		return fmt.Errorf("cannot make the manager: %w", err)
	}
	ctx, ask := context.WithCancel(ctx)
	defer ask()
	ending := &drain{delay: o.drainDelay, ask: ask}
	if err := compose(ctx, mgr, o, source, ending); err != nil {
		return err
	}
	if err := mgr.Start(ending.after(ctx)); err != nil {
		return fmt.Errorf("cannot run the manager: %w", err)
	}
	return nil
}

// source is where the serving certificate comes from.
func (o *options) source(config *rest.Config) serving.Source {
	if o.tlsMode == tlsFiles {
		return serving.Files(o.certDir)
	}
	return serving.SelfKept(config, o.namespace, o.caSecret, o.serviceName)
}

// manager is controller-runtime's part of the options.
func (o *options) manager(secure []func(*tls.Config)) ctrl.Options {
	timeout := shutdownTimeout
	return ctrl.Options{
		Scheme: command.Scheme(),
		Cache:  o.cache(),
		// Routes are read as trees, and like all else from the cache.
		Client:    client.Options{Cache: &client.CacheOptions{Unstructured: true}},
		NewClient: newClient,
		WebhookServer: ctrlwebhook.NewServer(ctrlwebhook.Options{
			Port: o.webhookPort, TLSOpts: secure,
		}),
		Metrics:                       metricsserver.Options{BindAddress: o.metricsAddress},
		HealthProbeBindAddress:        o.healthAddress,
		PprofBindAddress:              o.pprofAddress,
		LeaderElection:                true,
		LeaderElectionID:              o.leaderElectionID,
		LeaderElectionNamespace:       o.namespace,
		LeaderElectionReleaseOnCancel: true,
		GracefulShutdownTimeout:       &timeout,
	}
}
