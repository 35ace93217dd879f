// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// What became of a policy that was read.
const (
	accepted = "accepted"
	refused  = "refused"
)

var (
	policyValid = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "evenkeel_policy_valid",
		Help: "1 while the policy ConfigMap is the policy in force, 0 while it does not load and the last good one stays.",
	})
	policyLoaded = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "evenkeel_policy_loaded",
		Help: "1 for the ConfigMap's resourceVersion that is in force; empty for the built-in defaults.",
	}, []string{"resource_version"})
	policyLoads = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "evenkeel_policy_loads_total",
		Help: "Versions of policies that were read, by whose they are (scope: cluster or namespace) and result: accepted or refused.",
	}, []string{"scope", "result"})
	policyLoadTime = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "evenkeel_policy_last_load_timestamp_seconds",
		Help: "When the cluster's policy in force was taken into force, in seconds since 1970.",
	})
	localPolicies = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "evenkeel_namespace_policies",
		Help: "Namespaces' own policies, by whether they load (state: valid or invalid). An invalid one leaves the last good one in force.",
	}, []string{"state"})
)

// RegisterMetrics registers what is counted of policies.
func RegisterMetrics(registry prometheus.Registerer) error {
	for _, collector := range []prometheus.Collector{policyValid, policyLoaded, policyLoads, policyLoadTime, localPolicies} {
		if err := registry.Register(collector); err != nil {
			return fmt.Errorf("cannot register the metrics of policies: %w", err)
		}
	}
	for _, scope := range []string{OfCluster, OfNamespace} { // so that a query finds what has not happened yet
		for _, result := range []string{accepted, refused} {
			policyLoads.WithLabelValues(scope, result)
		}
	}
	return nil
}

// inForce shows which version is in force.
func inForce(resourceVersion string) {
	policyValid.Set(1)
	policyLoaded.Reset()
	policyLoaded.WithLabelValues(resourceVersion).Set(1)
	policyLoadTime.Set(float64(time.Now().Unix()))
}

// resultOf says what became of a policy.
func resultOf(err error) string {
	if err != nil {
		return refused
	}
	return accepted
}
