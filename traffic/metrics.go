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

// Metrics counts what rollouts do. Its labels are strategies, phases, stages, kinds
// of waits and bands of weights, of which there are few. Names are never among
// them: whoever reads metrics need not know who runs what, and a name is one more
// series for each that comes and goes.
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
	waits = prometheus.NewDesc("evenkeel_rollouts_waiting",
		"Rollouts in flight, by what they wait for.", []string{"reason"}, nil)
	longest = prometheus.NewDesc("evenkeel_rollout_longest_wait_seconds",
		"Of the rollouts that wait for something, how long the one that has been longest in its stage is there, in seconds; 0 where none waits for it.", []string{"reason"}, nil)
	weights = prometheus.NewDesc("evenkeel_rollouts_by_weight",
		"Rollouts in flight that divide traffic, by the canary's share of it in percent.", []string{"percent"}, nil)
)

// bands are the shares of the traffic that are told apart, each up to its percent.
var bands = []struct {
	most int
	name string
}{{0, "0"}, {10, "1-10"}, {25, "11-25"}, {50, "26-50"}, {99, "51-99"}, {100, "100"}}

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
	for _, desc := range []*prometheus.Desc{inFlight, waiting, waits, longest, weights} {
		out <- desc
	}
}

// Collect is a Collector's.
func (m *Metrics) Collect(out chan<- prometheus.Metric) {
	m.mu.Lock()
	flights := maps.Clone(m.flights)
	m.mu.Unlock()
	m.collectStages(out, flights)
	m.collectWaits(out, flights)
	collectWeights(out, flights)
}

// collectStages shows where rollouts are, and how long.
func (m *Metrics) collectStages(out chan<- prometheus.Metric, flights map[types.NamespacedName]rollout.State) {
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

// collectWaits shows what rollouts wait for; what none waits for is shown, too, so
// that an alert on it ends.
func (m *Metrics) collectWaits(out chan<- prometheus.Metric, flights map[types.NamespacedName]rollout.State) {
	counts, long := map[rollout.WaitKind]int{}, map[rollout.WaitKind]time.Duration{}
	for _, state := range flights {
		kind := rollout.KindOfWait(state.Wait)
		counts[kind]++
		long[kind] = max(long[kind], m.now().Sub(state.Since))
	}
	for _, kind := range rollout.WaitKinds() {
		out <- prometheus.MustNewConstMetric(waits, prometheus.GaugeValue, float64(counts[kind]), string(kind))
		out <- prometheus.MustNewConstMetric(longest, prometheus.GaugeValue, long[kind].Seconds(), string(kind))
	}
}

// collectWeights shows how much of the traffic canaries have.
func collectWeights(out chan<- prometheus.Metric, flights map[types.NamespacedName]rollout.State) {
	counts := map[string]int{}
	for _, state := range flights {
		if state.Divides() {
			counts[bandOf(state.Weight)]++
		}
	}
	for _, band := range bands {
		out <- prometheus.MustNewConstMetric(weights, prometheus.GaugeValue, float64(counts[band.name]), band.name)
	}
}

func bandOf(weight int) string {
	for _, band := range bands {
		if weight <= band.most {
			return band.name
		}
	}
	return bands[len(bands)-1].name
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
