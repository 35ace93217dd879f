// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// noon is when the stages of these tests were entered.
var noon = time.Unix(1_800_000_000, 0).UTC()

// well is a canary of two replicas in a stage of its first step, or of the way on
// or back, as the stage has it.
func well(stage Stage) Snapshot {
	state := canaryWorld(2, "50%:1h,100%").state
	phase := map[Stage]Phase{
		StagePrepare: Preparing, StageScale: Stepping, StageShift: Stepping, StageDwell: Stepping, StageRoll: Stepping,
		StageService: Promoting, StageRoute: Promoting, StageDrain: Promoting, StageRelease: Promoting,
	}[stage]
	if phase == "" {
		phase = RollingBack
	}
	state = state.enter(phase, stage, noon)
	state.Canary, state.Wait = version("canary"), stageWaits[stage]
	if stage == StageShift || stage == StageDwell {
		state.Weight = 50
	}
	return Snapshot{
		State: state, Replicas: 2, Rendered: true, Observed: true, Newest: version("canary"),
		Stable: Pods{Exists: true, Replicas: 2, Ready: 2}, Canary: Pods{Exists: true, Replicas: 1, Ready: 1},
		Services: []Service{{Name: "demo", Exists: true, InPlace: true, Backend: true, Stable: 2, CanaryInPlace: true, CanaryReady: 1, CanaryMade: noon.Add(-time.Hour)}},
		Routes:   []Route{{Name: `HTTPRoute "demo"`, Exists: true, InPlace: true, Accepted: true}},
	}
}

// after is what a rollout has come to when it was looked at until then, every second.
func after(s Snapshot, from, until time.Duration) (State, []string) {
	var told []string
	for at := from; at <= until; at += time.Second {
		decision := Decide(s, noon.Add(at))
		if decision.Event != nil {
			told = append(told, decision.Event.Message)
		}
		s.State = decision.State
	}
	return s.State, told
}

// A targetPort that the new template lacks: no weight is given, the wait has the
// Service's name and the port's, and the deadline goes back.
func TestAPortThatTheCanaryLacks(t *testing.T) {
	s := well(StageScale)
	s.Services[0].CanaryReady, s.Services[0].CanaryLacks = 0, "http"
	state, told := after(s, 0, 5*time.Minute-time.Second)
	assert.Equal(t, 0, state.Weight)
	assert.Equal(t, `the canary's pods have the port that Service "demo" leads to: its port http finds none`, state.Wait)
	assert.Equal(t, []string{"step 1 of 2 (50%:1h) until " + state.Wait}, told, "told once")
	assert.True(t, eventWaiting(state).Warning)

	s.State = state
	back := Decide(s, noon.Add(5*time.Minute)).State
	assert.Equal(t, RollingBack, back.Phase)
	assert.Equal(t, "waited 5m for this to happen: "+state.Wait, back.Reason)

	s.Services[0].CanaryReady, s.Services[0].CanaryLacks = 1, ""
	assert.Equal(t, StageShift, Decide(s, noon.Add(time.Minute)).State.Stage, "the port is there")
}

// A port that goes away under traffic goes back as a crash does.
func TestAPortThatTheCanaryLoses(t *testing.T) {
	s := well(StageDwell)
	s.Services[0].CanaryReady, s.Services[0].CanaryLacks = 0, "http"
	back := Decide(s, noon.Add(time.Minute)).State
	assert.Equal(t, RollingBack, back.Phase)
	assert.Equal(t, "no ready canary pod has the port that its traffic goes to", back.Reason)
}

// The promotion moves the user's own Service, whose ports the canary needs, too.
func TestAPortThatThePromotionNeeds(t *testing.T) {
	s := well(StageService)
	s.Canary = Pods{Exists: true, Replicas: 2, Ready: 2}
	s.Services[0].Stable, s.Services[0].Canary, s.Services[0].CanaryReady, s.Services[0].Lacks = 0, 1, 2, "admin"
	assert.Equal(t, waitPort("the canary's", "demo", "admin"), Decide(s, noon).State.Wait)
	s.Services[0].Canary, s.Services[0].Lacks = 2, ""
	assert.Equal(t, noon, Decide(s, noon).State.Seen)
}
