// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/evenkeel-dev/evenkeel/traffic/page/serve"
)

// showPages serves the dashboard. Where its port is taken there is none, and all
// else goes on: nobody's release waits for a page.
func (o *options) showPages(mgr ctrl.Manager) error {
	if o.dashboardAddress == "0" {
		return nil
	}
	source := serve.Cluster{Cached: mgr.GetClient(), Pods: mgr.GetAPIReader()}
	if o.ledger {
		source.Live = mgr.GetAPIReader()
	}
	server, err := serve.Server(o.dashboardAddress, serve.Handler(source, time.Now))
	if err != nil {
		mgr.GetLogger().WithName("dashboard").Error(err, "there is no dashboard on this replica")
		return nil
	}
	if err := mgr.Add(server); err != nil {
		return fmt.Errorf("cannot serve the dashboard: %w", err)
	}
	return nil
}

// loopback refuses an address that others than this host reach.
func loopback(flag, value string) error {
	if value == "0" {
		return nil
	}
	if err := serve.CheckAddress(value); err != nil {
		return fmt.Errorf("%s=%w", flag, err)
	}
	return address(flag, value)
}
