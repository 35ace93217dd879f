// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/policy/window"
)

// A rolling update that starts outside the windows follows the policy's word; a
// release with a gate, what is no release, and the way back pass.
func TestReleaseWindow(t *testing.T) {
	starts, err := window.ParseCron("0 9 * * *")
	require.NoError(t, err)
	nine := []window.Window{{Starts: starts, Lasts: time.Hour, Zone: time.UTC}}
	const until = "until=2026-01-01T09:00:00Z; reason=INC-1"
	v1, v2 := deployment(image("r.example/demo:v1")), deployment(image("r.example/demo:v2"))
	for name, row := range map[string]struct {
		old, incoming *appsv1.Deployment
		now           time.Time
		revisions     []policy.Revision
		action        policy.Action
		excuse        policy.Excuse
	}{
		"outside":                    {v1, v2, morning, nil, policy.Enforce, ""},
		"within":                     {v1, v2, morning.Add(90 * time.Minute), nil, "", ""},
		"a new one":                  {nil, v2, morning, nil, "", ""},
		"no other template":          {v1, deployment(image("r.example/demo:v1"), note("steps", "100%")), morning, nil, "", ""},
		"back to what it had":        {v1, v2, morning, []policy.Revision{{Template: v2.Spec.Template}}, "", ""},
		"a release with a gate":      {v1, deployment(image("r.example/demo:v2"), note("strategy", "batch")), morning, nil, "", ""},
		"without pods":               {v1, deployment(image("r.example/demo:v2"), numbers(0, "1", "0")), morning, nil, "", ""},
		"an override of the check":   {v1, deployment(image("r.example/demo:v2"), note("override", "checks=release-window; "+until)), morning, nil, policy.Warn, policy.Overridden},
		"an override of the window":  {v1, deployment(image("r.example/demo:v2"), note("override", "checks=window; "+until)), morning, nil, policy.Warn, policy.Overridden},
		"an override of all":         {v1, deployment(image("r.example/demo:v2"), note("override", until)), morning, nil, policy.Warn, policy.Overridden},
		"an override of the freezes": {v1, deployment(image("r.example/demo:v2"), note("override", "checks=freeze; "+until)), morning, nil, policy.Enforce, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := policy.Default().Default
			p.Checks = policy.Checks{Default: policy.Off, Actions: map[string]policy.Action{"release-window": policy.Enforce}}
			p.Rollout.Calendar.Windows = nine
			plan := Review(policy.Subject{Old: row.old, New: row.incoming, Policy: p.WithAnnotations(row.incoming.Annotations), Now: row.now, Revisions: row.revisions})
			if row.action == "" {
				assert.Empty(t, plan.Violations)
				return
			}
			require.Len(t, plan.Violations, 1)
			assert.Equal(t, []any{row.action, row.excuse}, []any{plan.Violations[0].Action, plan.Violations[0].Excuse})
			assert.Contains(t, plan.Violations[0].Message, "wait until the release window opens (Thu 2026-01-01 09:00 UTC). In an emergency, type this first:\n"+
				`  kubectl annotate deployment -n shop demo --overwrite evenkeel.dev/override="checks=window; until=2026-01-01T09:00:00Z; reason=WHY"`)
		})
	}
}
