// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Copies go to the canary from the first shift on, until it takes all or goes back.
func TestWhenTheRoutesMirror(t *testing.T) {
	for name, row := range map[string]struct {
		phase   Phase
		stage   Stage
		weight  int
		exposed bool
		give    int
		want    int
	}{
		"before the gate":           {phase: Preparing, stage: StagePrepare},
		"before its first pods":     {phase: Stepping, stage: StageScale},
		"with no weight":            {phase: Stepping, stage: StageShift, exposed: true, want: 10},
		"in the step's time":        {phase: Stepping, stage: StageDwell, exposed: true, weight: 20, want: 10},
		"while the next step grows": {phase: Stepping, stage: StageScale, exposed: true, weight: 20, want: 10},
		"with all the traffic":      {phase: Stepping, stage: StageShift, exposed: true, weight: 100},
		"promoted":                  {phase: Promoting, stage: StageService, exposed: true, weight: 100},
		"back, both versions serve": {phase: RollingBack, stage: StageMix, exposed: true, weight: 50, give: 50},
		"back from copies alone":    {phase: RollingBack, stage: StageMix, exposed: true, give: 34},
		"back":                      {phase: RollingBack, stage: StageWithdraw},
		"back from the promotion":   {phase: RollingBack, stage: StageReopen, exposed: true, weight: 100},
	} {
		t.Run(name, func(t *testing.T) {
			state := newWorld(given{replicas: 2, strategy: Canary, steps: "0%,20%,100%", mirror: 10, surge: "1", unavailable: "0"}).state
			state.Phase, state.Stage, state.Weight, state.Exposed, state.Give, state.Canary = row.phase, row.stage, row.weight, row.exposed, row.give, version("canary")
			target := state.Target()
			assert.Equal(t, row.want, target.Mirror)
			assert.Equal(t, row.want > 0 || row.weight > 0, target.Split)
		})
	}
}

// Without a ready pod copies are as bad as requests, held or not.
func TestCopiesNeedAReadyPod(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	state := newWorld(given{replicas: 2, strategy: Canary, steps: "0%:pause,100%", mirror: 10, surge: "1", unavailable: "0"}).state
	state.Phase, state.Stage, state.Exposed, state.Held, state.Canary, state.Since = Stepping, StageDwell, true, true, version("canary"), now
	s := Snapshot{
		State: state, Replicas: 2, Rendered: true, Observed: true, Newest: version("canary"), Stable: Pods{Exists: true, Replicas: 2, Ready: 2},
		Canary: Pods{Exists: true, Replicas: 1}, Services: []Service{{Name: "demo", Exists: true, InPlace: true, Backend: true, Stable: 2, CanaryInPlace: true}},
	}
	decision := Decide(s, now)
	assert.Equal(t, RollingBack, decision.State.Phase)
	assert.Equal(t, StageWithdraw, decision.State.Stage)
	assert.Equal(t, reasonCanaryGone, decision.State.Reason)
	s.State.Mirror = 0
	assert.Equal(t, Stepping, Decide(s, now).State.Phase, "nobody sends it anything")
}

// The canary has pods for what it answers and for the copies.
func TestPodsForCopies(t *testing.T) {
	for steps, want := range map[string]int{"0%,100%": 10, "20%,100%": 30, "20%/50%,100%": 50, "95%,100%": 100, "100%": 100} {
		state := newWorld(given{replicas: 10, strategy: Canary, steps: steps, mirror: 10, surge: "1", unavailable: "0"}).state
		assert.Equal(t, want, state.makeRoom(10).Surge, steps)
	}
	replace := newWorld(given{replicas: 10, strategy: Canary, capacity: Replace, steps: "20%,100%", mirror: 10, surge: "1", unavailable: "0"}).state
	assert.Equal(t, 20, replace.size(), "stable gives no pods for copies")
}

func TestCopiesInWords(t *testing.T) {
	state := newWorld(given{replicas: 2, strategy: Canary, steps: "0%:5m,20%,100%", mirror: 10, surge: "1", unavailable: "0"}).state
	assert.Equal(t, "canary 0%:5m,20%,100%, with copies of 10% of the requests; stable is stable", eventStarted(state).Message)
	state.Phase, state.Stage, state.Exposed, state.Canary = Stepping, StageShift, true, version("canary")
	for _, row := range []struct {
		weight      int
		match, says string
	}{
		{says: "step 1 of 3 (0%:5m): copies of 10% of the requests to canary"},
		{match: "header:a=b", says: "step 1 of 3 (0%:5m): the requests with header:a=b and copies of 10% to canary"},
		{weight: 20, says: "step 1 of 3 (0%:5m): 20% of the traffic and copies of 10% to canary"},
		{weight: 100, says: "step 1 of 3 (0%:5m): 100% of the traffic to canary"},
	} {
		state.Weight, state.Match = row.weight, row.match
		require.Equal(t, row.says, eventShift(state).Message)
	}
}
