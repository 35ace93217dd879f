// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"fmt"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/traffic"
	"github.com/evenkeel-dev/evenkeel/traffic/analysis/runner"
	"github.com/evenkeel-dev/evenkeel/traffic/archive"
	"github.com/evenkeel-dev/evenkeel/traffic/guard"
	"github.com/evenkeel-dev/evenkeel/traffic/notify"
	"github.com/evenkeel-dev/evenkeel/webhook"
	"github.com/evenkeel-dev/evenkeel/webhook/audit"
	"github.com/evenkeel-dev/evenkeel/webhook/serving"
)

// Of are the parts of a manager that are measured by looking at them.
type Of struct {
	// Version is the program's own.
	Version string
	// Certificate is what the webhook server shows; Keeper keeps its CA, and is
	// nil where somebody else does.
	Certificate serving.Source
	Keeper      *serving.Keeper
}

// Metrics are those that the parts of a manager count with.
type Metrics struct {
	Admission     *webhook.Metrics
	Rollouts      *traffic.Metrics
	Notifications *notify.Metrics
	Ledger        *archive.Metrics
	Guard         *guard.Metrics
	Analyses      *runner.Metrics
}

// Register registers all metrics of a manager.
func Register(registry prometheus.Registerer, of Of) (Metrics, error) {
	if err := registry.Register(build(of.Version)); err != nil {
		return Metrics{}, fmt.Errorf("cannot register the version's metric: %w", err)
	}
	if err := config.RegisterMetrics(registry); err != nil {
		return Metrics{}, err
	}
	if err := audit.RegisterMetrics(registry); err != nil {
		return Metrics{}, err
	}
	if err := serving.RegisterMetrics(registry, of.Certificate, of.Keeper); err != nil {
		return Metrics{}, err
	}
	admission, err := webhook.NewMetrics(registry)
	if err != nil {
		return Metrics{}, err
	}
	rollouts, err := traffic.NewMetrics(registry, time.Now)
	if err != nil {
		return Metrics{}, err
	}
	notifications, err := notify.NewMetrics(registry)
	if err != nil {
		return Metrics{}, err
	}
	ledger, err := archive.NewMetrics(registry)
	if err != nil {
		return Metrics{}, err
	}
	rails, err := guard.NewMetrics(registry)
	if err != nil {
		return Metrics{}, err
	}
	analyses, err := runner.NewMetrics(registry)
	return Metrics{Admission: admission, Rollouts: rollouts, Notifications: notifications, Ledger: ledger, Guard: rails, Analyses: analyses}, err
}

// build shows which program runs.
func build(version string) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "evenkeel_build_info", Help: "1; the labels say which version runs, and what it was built with.",
		ConstLabels: prometheus.Labels{"version": version, "go_version": runtime.Version()},
	}, func() float64 { return 1 })
}
