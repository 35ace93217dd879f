// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/webhook/review"
)

// Metrics counts what admission does. The zero value counts nothing.
type Metrics struct {
	reviews    *prometheus.CounterVec
	seconds    *prometheus.HistogramVec
	checks     *prometheus.SummaryVec
	violations *prometheus.CounterVec
	blind      *prometheus.CounterVec
}

// NewMetrics makes the metrics and registers them.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		reviews: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "evenkeel_admission_reviews_total",
			Help: "Reviews by path and verdict: allowed, denied, error (answered as the failurePolicy says), panic (the same), malformed (no review).",
		}, []string{"path", "verdict"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "evenkeel_admission_review_duration_seconds", Help: "How long a review took, in seconds, from its head to the end of its answer.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5},
		}, []string{"path"}),
		checks: prometheus.NewSummaryVec(prometheus.SummaryOpts{ // of sums alone: with buckets it would be as many series as all else together
			Name: "evenkeel_check_duration_seconds", Help: "How long checks took in reviews of Deployments, in seconds.",
		}, []string{"check"}),
		violations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "evenkeel_check_violations_total",
			Help: "Checks that did not hold in a write, by what followed: denied, warned, audited, or why an enforced one did not refuse: stood, overridden, staged, early.",
		}, []string{"check", "outcome"}),
		blind: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "evenkeel_neighbours_unknown_total", Help: "Reviews in which a kind of neighbours could not be looked at.",
		}, []string{"kind"}),
	}
	for _, collector := range []prometheus.Collector{m.reviews, m.seconds, m.checks, m.violations, m.blind} {
		if err := registry.Register(collector); err != nil {
			return nil, fmt.Errorf("cannot register the metrics of admission: %w", err)
		}
	}
	for _, check := range policy.AllChecks() { // so that a query finds what has not happened yet
		m.violations.WithLabelValues(check.Name, "denied")
	}
	return m, nil
}

// Reviewed counts one review.
func (m *Metrics) Reviewed(path, verdict string, took time.Duration) {
	if m == nil {
		return
	}
	m.reviews.WithLabelValues(path, verdict).Inc()
	m.seconds.WithLabelValues(path).Observe(took.Seconds())
}

// watch measures the checks of one review, which come one after the other; nil
// where nothing counts.
func (m *Metrics) watch(now func() time.Time) func(check string, over bool) {
	if m == nil {
		return nil
	}
	var start time.Time
	return func(check string, over bool) {
		if !over {
			start = now()
			return
		}
		m.checks.WithLabelValues(check).Observe(now().Sub(start).Seconds())
	}
}

// planned counts what a user's write violated, and what was not known.
func (m *Metrics) planned(plan policy.Plan, near policy.Neighbours) {
	if m == nil {
		return
	}
	for _, v := range plan.Violations {
		m.violations.WithLabelValues(v.Check, outcomeOf(v)).Inc()
	}
	for kind, why := range near.Unknown {
		if why != "" {
			m.blind.WithLabelValues(string(kind)).Inc()
		}
	}
}

// outcomeOf is what followed from a violation.
func outcomeOf(v policy.Violation) string {
	switch {
	case v.Excuse != "":
		return string(v.Excuse)
	case v.Action == policy.Enforce:
		return review.Denied
	case v.Action == policy.Warn:
		return "warned"
	default:
		return "audited"
	}
}
