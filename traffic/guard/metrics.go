// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// Metrics counts what passed the rails by an emergency.
type Metrics struct{ passed *prometheus.CounterVec }

// NewMetrics makes the metrics and registers them.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{passed: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "evenkeel_guards_overridden_total",
		Help: "Times that a release went forward by an emergency's override where it would have waited, by guard: window, freeze, budget or min-step.",
	}, []string{"guard"})}
	if err := registry.Register(m.passed); err != nil {
		return nil, fmt.Errorf("cannot register the metrics of the guard rails: %w", err)
	}
	for _, name := range policy.Guards() { // so that a query finds what has not happened yet
		m.passed.WithLabelValues(name)
	}
	return m, nil
}
