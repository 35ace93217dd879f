// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package batch

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// smoke is an analysis that lets one failure pass, and nothing unknown.
func smoke() *rollout.Analysis {
	return &rollout.Analysis{Name: "smoke", Interval: rollout.Duration(interval), FailureLimit: 1}
}

func always(v rollout.Verdict) func() rollout.Verdict { return func() rollout.Verdict { return v } }

// Each batch waits for its evidence, on both kinds.
func TestWhatEvidenceLeadsTo(t *testing.T) {
	for name, row := range map[string]struct {
		says         func() rollout.Verdict
		edit         func(*given)
		phase        rollout.Phase
		reason, wait string
		told         string
	}{
		"it passes: on by the batches": {says: always(rollout.Passed), phase: rollout.Completed, told: `step 2 of 2 (100%): analysis "smoke": 7 of 10`},
		"it fails: back, with what it says": {
			says: always(rollout.Failed), phase: rollout.RolledBack, reason: `analysis "smoke" failed 2 times in a step, and may 1 times: 7 of 10`,
			told: `step 1 of 2 (50%): analysis "smoke": 7 of 10; failures in this step: 2, and 1 are let pass`,
		},
		"it fails, for a person to decide": {
			says: always(rollout.Failed), edit: func(g *given) { g.onFailure = rollout.OnFailureHold }, phase: rollout.Stepping, wait: smoke().WaitFailed(),
		},
		"it says nothing: the batch holds, then back at its deadline": {
			says: always(rollout.Inconclusive), phase: rollout.RolledBack, reason: `waited 1m0s for this to happen: analysis "smoke" can tell again whether the canary is well`,
			told: `step 1 of 2 (50%): analysis "smoke": 7 of 10; in a row: 1, and 0 are let pass`,
		},
		"it only tells": {
			says: always(rollout.Failed), edit: func(g *given) { g.steps, g.analysis.DryRun = "50%:9s,100%:9s", true }, phase: rollout.Completed,
			told: `step 1 of 2 (50%:9s): analysis "smoke": 7 of 10 (nothing waits for it); failures in this step: 1, and 1 are let pass`,
		},
		"what only compares has nothing to say of all pods": {
			says: always(rollout.Passed), edit: func(g *given) { g.analysis.Compares = true }, phase: rollout.Completed, told: `step 1 of 2 (50%): analysis "smoke": 7 of 10`,
		},
	} {
		for _, daemon := range []bool{false, true} {
			g := given{replicas: 4, steps: "50%,100%", services: true, daemon: daemon, analysis: smoke()}
			if row.edit != nil {
				row.edit(&g)
			}
			w := newWorld(g)
			w.says, w.guarded = row.says, !g.analysis.DryRun
			w.run(t, func() bool { return w.ended() || (row.wait != "" && w.state.Wait == row.wait) })
			assert.Equal(t, row.phase, w.state.Phase, "%s: %s", name, w)
			assert.Equal(t, row.reason, w.state.Reason, name)
			if row.told != "" {
				assert.Contains(t, w.told, row.told, name)
			}
		}
	}
}

// The counts are of one step: a release that is skipped on waits for nothing any
// more, and one of another template begins with none.
func TestTheCountsOfABatch(t *testing.T) {
	w := newWorld(given{replicas: 4, steps: "50%:1h,100%", analysis: smoke()})
	w.says = func() rollout.Verdict { return rollout.Failed }
	w.run(t, func() bool { return len(w.state.Analyses) > 0 && w.state.Analyses[0].Failed == 1 })
	assert.Equal(t, "smoke", w.state.Log.Measured[0].Analysis)
	parsed, err := ParseState(w.state.String())
	require.NoError(t, err)
	assert.True(t, parsed.Equal(w.state))

	skipped, err := Act(w.state, rollout.ActionSkip, w.now)
	require.NoError(t, err)
	assert.True(t, skipped.Analyses[0].DryRun)
	assert.Zero(t, skipped.Analyses[0].Failed)

	other := w.snapshot()
	other.Newest, other.Rendered, other.Observed = version("third"), true, true
	assert.Zero(t, Decide(other, w.now).State.Analyses[0].Failed)

	w.state.Held = true
	w.pass(interval)
	for range 2 {
		w.state = Decide(w.snapshot(), w.now).State
	}
	assert.Equal(t, rollout.RollingBack, w.state.Phase, "a batch that is held is watched")
}
