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
	stepping := rollout.State{Phase: rollout.Stepping, Stage: rollout.StageDwell, Since: now.Add(-90 * time.Second)}
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
`)))
	require.NotPanics(t, func() { (*Metrics)(nil).saw(a, stepping) })
}
