// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// What became of a message.
const (
	delivered = "delivered" // the place took it
	failed    = "failed"    // it was refused, or the deadline passed
	dropped   = "dropped"   // it was never sent: the queue was full, or the manager ended
)

// Metrics counts what became of messages.
type Metrics struct{ messages *prometheus.CounterVec }

// NewMetrics makes the metrics and registers them.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{messages: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "evenkeel_notifications_total",
		Help: "Messages to places outside the cluster, by result: delivered, failed (after all retries), dropped (never sent).",
	}, []string{"result"})}
	if err := registry.Register(m.messages); err != nil {
		return nil, fmt.Errorf("cannot register the metrics of notifications: %w", err)
	}
	for _, result := range []string{delivered, failed, dropped} { // so that a query finds what has not happened yet
		m.messages.WithLabelValues(result)
	}
	return m, nil
}

func (m *Metrics) count(result string) {
	if m != nil {
		m.messages.WithLabelValues(result).Inc()
	}
}
