// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts the records of releases.
type Metrics struct{ records *prometheus.CounterVec }

// NewMetrics makes the metrics and registers them.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{records: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "evenkeel_ledger_records_total", Help: "Records of releases, by result: written, or failed.",
	}, []string{"result"})}
	for _, result := range []string{"written", "failed"} { // so that a query finds what has not happened yet
		m.records.WithLabelValues(result)
	}
	if err := registry.Register(m.records); err != nil {
		return nil, fmt.Errorf("cannot register the metrics of the ledger: %w", err)
	}
	return m, nil
}

// wrote counts one record.
func (m *Metrics) wrote(err error) {
	if m == nil {
		return
	}
	result := "written"
	if err != nil {
		result = "failed"
	}
	m.records.WithLabelValues(result).Inc()
}
