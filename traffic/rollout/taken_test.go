// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A Service that another workload's rollout has is waited for on the way forward, and
// is in nobody's way on the way back.
func TestAServiceOfAnotherRollout(t *testing.T) {
	start := time.Unix(1_800_000_000, 0).UTC()
	look := func(phase Phase, stage Stage, since time.Duration) State {
		state := canaryWorld(2, "50%:1h,100%").state
		state.Canary = version("canary")
		state = state.enter(phase, stage, start)
		return Decide(Snapshot{
			State: state, Replicas: 2, Rendered: true, Observed: true, Newest: version("canary"), Stable: Pods{Exists: true, Replicas: 2, Ready: 2},
			Services: []Service{{Name: "demo", Exists: true, By: `Deployment "other"`, Other: 3, Backend: true, CanaryInPlace: true}},
			Routes:   []Route{{Name: `HTTPRoute "demo"`, Exists: true, InPlace: true, Accepted: true}},
		}, start.Add(since)).State
	}
	assert.Equal(t, `Service "demo" is free: the rollout of Deployment "other" has it`, look(Preparing, StagePrepare, time.Second).Wait)
	back := look(Preparing, StagePrepare, time.Hour)
	assert.Equal(t, []any{RollingBack, StageWithdraw}, []any{back.Phase, back.Stage})
	assert.Equal(t, `waited 5m for this to happen: Service "demo" is free: the rollout of Deployment "other" has it`, back.Reason)
	for _, stage := range []Stage{StageMix, StageReturn, StageWithdraw} {
		assert.False(t, look(RollingBack, stage, time.Minute).Seen.IsZero(), "%s is seen to be in place", stage)
	}
	assert.Equal(t, RolledBack, look(RollingBack, StageWiden, time.Minute).Phase)
	assert.Equal(t, Completed, look(Promoting, StageWiden, time.Minute).Phase)
}

// Another template that cannot start is told a way that there is.
func TestAnotherTemplateWhileStableGives(t *testing.T) {
	now := time.Unix(1_800_000_000, 0).UTC()
	state := canaryWorld(4, "50%,100%").state
	state.Capacity, state.Give = Replace, 50
	for _, at := range []struct {
		phase Phase
		stage Stage
		back  bool
	}{
		{Stepping, StageDwell, true}, {Promoting, StageDrain, true}, {Promoting, StageRelease, false}, {Promoting, StageWiden, false}, {RollingBack, StageRestore, false},
	} {
		state := state.enter(at.phase, at.stage, now)
		_, err := Again(state, state, now)
		if !at.back {
			require.EqualError(t, err, "another template cannot start while stable has given pods to this one (capacity: replace), which is "+string(at.phase)+"; wait until that has ended, and apply it then", at.stage)
			continue
		}
		require.ErrorContains(t, err, "go back first", at.stage)
		_, err = Act(state, ActionRollback, now)
		require.NoError(t, err, at.stage)
	}
}
