// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/evenkeel-dev/evenkeel/traffic/analysis"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// Metrics counts measurements.
type Metrics struct{ measured *prometheus.CounterVec }

// NewMetrics makes the metrics and registers them.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{measured: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "evenkeel_analysis_measurements_total", Help: "Measurements of canaries, by provider and verdict: Passed, Failed or Inconclusive.",
	}, []string{"provider", "verdict"})}
	if err := registry.Register(m.measured); err != nil {
		return nil, fmt.Errorf("cannot register the metrics of analyses: %w", err)
	}
	for _, of := range []analysis.Spec{{Prometheus: &analysis.Prometheus{}}, {Gate: &analysis.Gate{}}, {Pods: &analysis.Pods{}}} {
		for _, verdict := range []rollout.Verdict{rollout.Passed, rollout.Failed, rollout.Inconclusive} { // so that a query finds what has not happened yet
			m.measured.WithLabelValues(of.Provider(), string(verdict))
		}
	}
	return m, nil
}

// saw counts one measurement.
func (m *Metrics) saw(provider string, verdict rollout.Verdict) {
	if m != nil {
		m.measured.WithLabelValues(provider, string(verdict)).Inc()
	}
}
