// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// Metrics counts what rollouts do. Its labels are strategies, phases and stages,
// of which there are few, and never names.
type Metrics struct {
	now   func() time.Time
	ended *prometheus.CounterVec

	mu sync.Mutex
	// flights are the rollouts in flight, as they were last seen.
	flights map[types.NamespacedName]rollout.State
}

var (
	inFlight = prometheus.NewDesc("evenkeel_rollouts_in_flight",
		"Rollouts in flight, by strategy, phase and stage.", []string{"strategy", "phase", "stage"}, nil)
	waiting = prometheus.NewDesc("evenkeel_rollout_waiting_seconds",
		"How long the rollout that has been longest in a stage is there, in seconds.", []string{"phase", "stage"}, nil)
)

// NewMetrics makes the metrics and registers them. now is the clock.
func NewMetrics(registry prometheus.Registerer, now func() time.Time) (*Metrics, error) {
	m := &Metrics{
		now: now, flights: map[types.NamespacedName]rollout.State{},
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "evenkeel_rollouts_total", Help: "Rollouts that have ended, by strategy and result: Completed or RolledBack.",
		}, []string{"strategy", "result"}),
	}
	for _, strategy := range rollout.Strategies() { // so that a query finds what has not happened yet
		for _, result := range []rollout.Phase{rollout.Completed, rollout.RolledBack} {
			m.ended.WithLabelValues(strategy, string(result))
		}
	}
	for _, collector := range []prometheus.Collector{m, m.ended} {
		if err := registry.Register(collector); err != nil {
			return nil, fmt.Errorf("cannot register the metrics of rollouts: %w", err)
		}
	}
	return m, nil
}

// Describe is a Collector's.
func (m *Metrics) Describe(out chan<- *prometheus.Desc) {
	out <- inFlight
	out <- waiting
}

// Collect is a Collector's.
func (m *Metrics) Collect(out chan<- prometheus.Metric) {
	m.mu.Lock()
	flights := maps.Clone(m.flights)
	m.mu.Unlock()
	counts, longest := map[[3]string]int{}, map[[2]string]time.Duration{}
	for _, state := range flights {
		phase, stage := string(state.Phase), string(state.Stage)
		counts[[3]string{strategyOf(state), phase, stage}]++
		longest[[2]string{phase, stage}] = max(longest[[2]string{phase, stage}], m.now().Sub(state.Since))
	}
	for labels, n := range counts {
		out <- prometheus.MustNewConstMetric(inFlight, prometheus.GaugeValue, float64(n), labels[:]...)
	}
	for labels, long := range longest {
		out <- prometheus.MustNewConstMetric(waiting, prometheus.GaugeValue, long.Seconds(), labels[:]...)
	}
}

// saw keeps what a rollout is; one that ends is counted once.
func (m *Metrics) saw(key types.NamespacedName, state rollout.State) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	_, flew := m.flights[key]
	if state.InFlight() {
		m.flights[key] = state
		return
	}
	delete(m.flights, key)
	if flew && state.Phase != "" {
		m.ended.WithLabelValues(strategyOf(state), string(state.Phase)).Inc()
	}
}

func strategyOf(state rollout.State) string {
	if state.Strategy == "" {
		return rollout.Canary
	}
	return state.Strategy
}
