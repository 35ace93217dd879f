// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/flight"
	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/golden"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// some are one of each kind of line.
func some() []flight.Flight {
	return []flight.Flight{
		{
			Kind: flight.Deployment, Namespace: "shop", Name: "demo", Strategy: rollout.Canary, Phase: rollout.Stepping, Stage: rollout.StageDwell, Step: 1, Steps: "20%:10m,50%:pause,100%",
			Weight: 50, Replicas: 10, Stable: flight.Pods{Version: "demo-6d4b", Ready: 10, Asked: 10}, Canary: flight.Pods{Version: "demo-7f9c", Ready: 5, Asked: 5},
			Routes: []string{"httproute/demo"}, Match: "header:x-group=beta", Since: now.Add(-4 * time.Minute),
			Wait: "a person says so (annotation evenkeel.dev/action: continue, skip or rollback)",
		},
		{
			Kind: flight.StatefulSet, Namespace: "shop", Name: "db", Strategy: rollout.Batch, Phase: rollout.Stepping, Stage: "batch", Steps: "34%,100%", Replicas: 3, Weight: 33,
			Stable: flight.Pods{Ready: 2, Asked: 2}, Canary: flight.Pods{Asked: 1}, Since: now.Add(-30 * time.Second), Wait: "the batch's pods are new and ready",
			Unwell: `container "db" of pod "db-2" crashes (CrashLoopBackOff), the last time with exit code 1`,
		},
		{
			Kind: flight.Deployment, Namespace: "web", Name: "cart", Strategy: rollout.BlueGreen, Phase: rollout.RollingBack, Stage: rollout.StageRestore, Steps: "0%/100%:pause,100%", Replicas: 2,
			Stable: flight.Pods{Ready: 2, Asked: 2}, Canary: flight.Pods{Asked: 1}, Since: now.Add(-9 * time.Second), Wait: "the canary's pods are gone", Held: true,
		},
		{Kind: flight.Deployment, Namespace: "web", Name: "mail", Strategy: rollout.Rolling, Phase: rollout.RolledBack, Since: now.Add(-time.Hour), Reason: "ProgressDeadlineExceeded", Stable: flight.Pods{Ready: 1, Asked: 1}},
		{Kind: flight.Deployment, Namespace: "web", Name: "odd", Unread: "cannot read annotation evenkeel.dev/rollout: unexpected end of JSON input"},
	}
}

func TestTables(t *testing.T) {
	for name, view := range map[string]View{
		"table":      {Namespaces: true},
		"one":        {},
		"wide":       {Namespaces: true, Format: "wide"},
		"name":       {Format: "name"},
		"yaml":       {Format: "yaml"},
		"coloured":   {Paint: func(_ flight.Flight, text string) string { return "<" + text + ">" }},
		"nothing":    {},
		"nothing-js": {Format: "json"},
	} {
		t.Run(name, func(t *testing.T) {
			flights := some()
			switch name {
			case "one":
				flights = flights[:1]
			case "nothing", "nothing-js":
				flights = nil
			}
			view.Now = now
			var out bytes.Buffer
			require.NoError(t, view.Write(&out, flights))
			golden.Equal(t, name, out.String())
		})
	}
}

// What programs read is what was written.
func TestJSONIsWhole(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, View{Format: "json"}.Write(&out, some()))
	var back struct{ Rollouts []flight.Flight }
	require.NoError(t, json.Unmarshal(out.Bytes(), &back))
	assert.Equal(t, some(), back.Rollouts)
}
