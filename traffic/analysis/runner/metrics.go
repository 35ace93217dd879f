// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"fmt"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/evenkeel-dev/evenkeel/traffic/analysis"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// Metrics counts measurements. The analyses are those of the policy in force: what
// it does not have any more is not shown any more, so that the series are no more
// than it says.
type Metrics struct {
	measured *prometheus.CounterVec

	mu    sync.Mutex
	specs func() map[string]analysis.Spec // nil until a Runner counts
	shown map[string]string               // each analysis, and its provider
}

// NewMetrics makes the metrics and registers them.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{shown: map[string]string{}, measured: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "evenkeel_analysis_measurements_total", Help: "Measurements of canaries, by analysis, provider and verdict: Passed, Failed or Inconclusive.",
	}, []string{"analysis", "provider", "verdict"})}
	if err := registry.Register(m); err != nil {
		return nil, fmt.Errorf("cannot register the metrics of analyses: %w", err)
	}
	return m, nil
}

// Describe is a prometheus.Collector's.
func (m *Metrics) Describe(to chan<- *prometheus.Desc) { m.measured.Describe(to) }

// Collect is a prometheus.Collector's.
func (m *Metrics) Collect(to chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.specs != nil {
		m.follow(m.specs())
	}
	m.measured.Collect(to)
}

// follow shows the analyses that there are, also those that have not measured yet,
// so that a query finds what has not happened, and drops those that are gone.
func (m *Metrics) follow(specs map[string]analysis.Spec) {
	for name, provider := range m.shown {
		if spec, there := specs[name]; !there || spec.Provider() != provider {
			m.measured.DeletePartialMatch(prometheus.Labels{"analysis": name})
			delete(m.shown, name)
		}
	}
	for name, spec := range specs {
		m.shown[name] = spec.Provider()
		for _, verdict := range []rollout.Verdict{rollout.Passed, rollout.Failed, rollout.Inconclusive} {
			m.measured.WithLabelValues(name, spec.Provider(), string(verdict))
		}
	}
}

// of tells which analyses there are.
func (m *Metrics) of(specs func() map[string]analysis.Spec) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.specs = specs
}

// saw counts one measurement, unless its analysis is gone meanwhile.
func (m *Metrics) saw(spec analysis.Spec, verdict rollout.Verdict) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.follow(m.specs())
	if m.shown[spec.Name] == spec.Provider() {
		m.measured.WithLabelValues(spec.Name, spec.Provider(), string(verdict)).Inc()
	}
}
