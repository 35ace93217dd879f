// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

var expiry = prometheus.NewDesc("evenkeel_certificate_expiry_timestamp_seconds",
	"When a certificate ends, in seconds since 1970: the one that is served, and the CA where Evenkeel keeps it (which: serving or ca).", []string{"which"}, nil)

// expiries shows, at each scrape, when certificates end.
type expiries struct {
	source Source
	keeper *Keeper
}

// RegisterMetrics registers when a source's certificate ends, and where there is
// a keeper, when its CA does.
func RegisterMetrics(registry prometheus.Registerer, source Source, keeper *Keeper) error {
	if err := registry.Register(expiries{source: source, keeper: keeper}); err != nil {
		return fmt.Errorf("cannot register the metrics of certificates: %w", err)
	}
	return nil
}

// Describe is a Collector's.
func (expiries) Describe(out chan<- *prometheus.Desc) { out <- expiry }

// Collect is a Collector's. What is not known yet is left out.
func (e expiries) Collect(out chan<- prometheus.Metric) {
	show := func(which string, until time.Time) {
		out <- prometheus.MustNewConstMetric(expiry, prometheus.GaugeValue, float64(until.Unix()), which)
	}
	if until, known := e.source.until(); known {
		show("serving", until)
	}
	if e.keeper == nil {
		return
	}
	if until := e.keeper.until.Load(); until != nil {
		show("ca", *until)
	}
}

// until is when the certificate that is served ends.
func (s Source) until() (time.Time, bool) {
	if s.get == nil {
		return time.Time{}, false
	}
	served, err := s.get(nil)
	if err != nil || served == nil || served.Leaf == nil {
		return time.Time{}, false
	}
	return served.Leaf.NotAfter, true
}
