// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/types"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

func TestMetrics(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	registry := prometheus.NewRegistry()
	m, err := NewMetrics(registry, func() time.Time { return now })
	require.NoError(t, err)
	a, b := types.NamespacedName{Namespace: "shop", Name: "a"}, types.NamespacedName{Namespace: "shop", Name: "b"}
	stepping := rollout.State{
		Phase: rollout.Stepping, Stage: rollout.StageDwell, Since: now.Add(-90 * time.Second), Services: []string{"a"}, Weight: 20,
		Wait: "a person says so (annotation evenkeel.dev/action: continue, skip or rollback)",
	}
	m.saw(a, stepping)
	m.saw(b, rollout.State{Phase: rollout.RolledBack}) // ended before we came
	stepping.Since = now.Add(-30 * time.Second)
	m.saw(b, stepping)
	m.saw(b, rollout.State{Phase: rollout.Completed, Strategy: rollout.Batch})
	m.saw(b, rollout.State{Phase: rollout.Completed, Strategy: rollout.Batch})
	require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP evenkeel_rollout_waiting_seconds How long the rollout that has been longest in a stage is there, in seconds.
# TYPE evenkeel_rollout_waiting_seconds gauge
evenkeel_rollout_waiting_seconds{phase="Stepping",stage="dwell"} 90
# HELP evenkeel_rollouts_in_flight Rollouts in flight, by strategy, phase and stage.
# TYPE evenkeel_rollouts_in_flight gauge
evenkeel_rollouts_in_flight{phase="Stepping",stage="dwell",strategy="canary"} 1
# HELP evenkeel_rollouts_total Rollouts that have ended, by strategy and result: Completed or RolledBack.
# TYPE evenkeel_rollouts_total counter
evenkeel_rollouts_total{result="Completed",strategy="batch"} 1
evenkeel_rollouts_total{result="Completed",strategy="blue-green"} 0
evenkeel_rollouts_total{result="Completed",strategy="canary"} 0
evenkeel_rollouts_total{result="Completed",strategy="rolling"} 0
evenkeel_rollouts_total{result="RolledBack",strategy="batch"} 0
evenkeel_rollouts_total{result="RolledBack",strategy="blue-green"} 0
evenkeel_rollouts_total{result="RolledBack",strategy="canary"} 0
evenkeel_rollouts_total{result="RolledBack",strategy="rolling"} 0
`), "evenkeel_rollout_waiting_seconds", "evenkeel_rollouts_in_flight", "evenkeel_rollouts_total"))
	require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP evenkeel_rollout_longest_wait_seconds Of the rollouts that wait for something, how long the one that has been longest in its stage is there, in seconds; 0 where none waits for it.
# TYPE evenkeel_rollout_longest_wait_seconds gauge
evenkeel_rollout_longest_wait_seconds{reason="analysis"} 0
evenkeel_rollout_longest_wait_seconds{reason="closed"} 0
evenkeel_rollout_longest_wait_seconds{reason="held"} 0
evenkeel_rollout_longest_wait_seconds{reason="missing"} 0
evenkeel_rollout_longest_wait_seconds{reason="other"} 0
evenkeel_rollout_longest_wait_seconds{reason="overdue"} 0
evenkeel_rollout_longest_wait_seconds{reason="person"} 90
evenkeel_rollout_longest_wait_seconds{reason="pods"} 0
evenkeel_rollout_longest_wait_seconds{reason="refused"} 0
evenkeel_rollout_longest_wait_seconds{reason="routes"} 0
evenkeel_rollout_longest_wait_seconds{reason="services"} 0
evenkeel_rollout_longest_wait_seconds{reason="time"} 0
evenkeel_rollout_longest_wait_seconds{reason="webhook"} 0
# HELP evenkeel_rollouts_by_weight Rollouts in flight that divide traffic, by the canary's share of it in percent.
# TYPE evenkeel_rollouts_by_weight gauge
evenkeel_rollouts_by_weight{percent="0"} 0
evenkeel_rollouts_by_weight{percent="1-10"} 0
evenkeel_rollouts_by_weight{percent="100"} 0
evenkeel_rollouts_by_weight{percent="11-25"} 1
evenkeel_rollouts_by_weight{percent="26-50"} 0
evenkeel_rollouts_by_weight{percent="51-99"} 0
`), "evenkeel_rollout_longest_wait_seconds", "evenkeel_rollouts_by_weight"))
	require.InDelta(t, 1, waitsFor(t, registry, "person"), 0)
	m.saw(a, rollout.State{Phase: rollout.Completed})
	require.InDelta(t, 0, waitsFor(t, registry, "person"), 0, "what is over waits no longer")
	require.NotPanics(t, func() { (*Metrics)(nil).saw(a, stepping) })
}

// waitsFor is how many rollouts are shown to wait for a reason.
func waitsFor(t *testing.T, registry *prometheus.Registry, reason string) float64 {
	t.Helper()
	families, err := registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if family.GetName() == "evenkeel_rollouts_waiting" && metric.GetLabel()[0].GetValue() == reason {
				return metric.GetGauge().GetValue()
			}
		}
	}
	require.Failf(t, "not shown", "reason %q", reason)
	return 0
}

func TestBandsOfWeights(t *testing.T) {
	for weight, want := range map[int]string{0: "0", 1: "1-10", 10: "1-10", 11: "11-25", 50: "26-50", 51: "51-99", 99: "51-99", 100: "100", 101: "100"} {
		require.Equal(t, want, bandOf(weight), weight)
	}
}
