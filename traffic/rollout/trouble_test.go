// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"strings"
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

// A route that its owner leads elsewhere is as bad as none: a weight there would be
// nobody's. It is said, no weight is given, and the deadline goes back.
func TestARouteThatIsLedElsewhere(t *testing.T) {
	want := `HTTPRoute "demo" leads to Service "demo" again`
	for _, stage := range []Stage{StagePrepare, StageScale, StageShift, StageDwell, StageService} {
		t.Run(string(stage), func(t *testing.T) {
			s := well(stage)
			s.Routes[0].Astray = `Service "demo"`
			state, told := after(s, 0, 4*time.Minute)
			assert.Equal(t, want, state.Wait)
			assert.Len(t, told, 1)
			assert.Equal(t, s.State.Weight, state.Weight)
			assert.True(t, eventWaiting(state).Warning)

			s.State = state
			back := Decide(s, noon.Add(5*time.Minute)).State
			assert.Equal(t, RollingBack, back.Phase)
			assert.Equal(t, "waited 5m for this to happen: "+want, back.Reason)
		})
	}
}

// Of a Service whose selector or port was changed so that stable is behind it no
// more, each further step, and the way back, would make it worse: a person is told
// within seconds, and told to look after the deadline.
func TestAServiceThatLostStable(t *testing.T) {
	for want, change := range map[string]func(*Service){
		`Service "demo" leads to stable's pods: it has no ready endpoint of them`:            func(s *Service) { s.Stable = 0 },
		`stable's pods have the port that Service "demo" leads to: its port http finds none`: func(s *Service) { s.Stable, s.Lacks = 0, "http" },
	} {
		t.Run(want, func(t *testing.T) {
			s := well(StageDwell)
			change(&s.Services[0])
			state, told := after(s, 0, 4*time.Second)
			assert.Equal(t, stageWaits[StageDwell], state.Wait, "the endpoints follow")
			assert.Empty(t, told)
			s.State = state
			state, told = after(s, 5*time.Second, 4*time.Minute)
			assert.Equal(t, want, state.Wait)
			assert.Equal(t, []string{"step 1 of 2 (50%:1h) until " + want}, told)
			s.State = state
			state, told = after(s, 4*time.Minute, 3*time.Hour)
			assert.Equal(t, "a person looks: for more than 5m it waits until "+want, state.Wait)
			assert.Len(t, told, 1)
			assert.Equal(t, []any{Stepping, StageDwell, 0, 50}, []any{state.Phase, state.Stage, state.Step, state.Weight})

			mended := well(StageDwell)
			mended.State = state
			state = Decide(mended, noon.Add(3*time.Hour)).State
			assert.Equal(t, noon.Add(3*time.Hour), state.Since, "the step's time stood still")
			assert.Equal(t, stageWaits[StageDwell], state.Wait)
		})
	}
	s := well(StagePrepare)
	s.Services[0].Stable = 0
	state := Decide(s, noon).State
	assert.Equal(t, waitLost("demo"), state.Wait)
	s.State = state
	assert.Equal(t, RollingBack, Decide(s, noon.Add(5*time.Minute)).State.Phase, "nothing has moved yet")
}

// A stable that falls sick is told within a step, the next one is not taken, and after
// the deadline a person looks: no rule takes traffic to it, or its pods.
func TestAStableThatFallsSick(t *testing.T) {
	s := well(StageDwell)
	s.Stable.Ready = 0
	s.Services[0].Stable = 0
	state, told := after(s, 0, 10*time.Second)
	assert.Equal(t, []string{"step 1 of 2 (50%:1h): fewer stable pods are ready than 50% of the traffic needs"}, told)
	assert.Equal(t, waitStable, state.Wait)
	assert.Equal(t, &Event{Reason: "StableUnready", Warning: true, Wait: WaitPods, Message: told[0]}, eventStableUnready(state))
	s.State = state
	state, told = after(s, 11*time.Second, 3*time.Hour)
	assert.Equal(t, []string{"step 1 of 2 (50%:1h) until a person looks: for more than 5m it waits until stable has all its pods ready"}, told)
	assert.Equal(t, []any{Stepping, StageDwell, 0}, []any{state.Phase, state.Stage, state.Step})
	assert.True(t, eventWaiting(state).Warning)

	s.State = RollBack(state, "a person asked for it", noon.Add(3*time.Hour))
	assert.Equal(t, RollingBack, s.State.Phase, "a person may")
	half := well(StageDwell)
	half.Stable.Ready = 1
	half.State = Decide(half, noon).State
	assert.True(t, half.State.Seen.IsZero(), "one pod of two carries half")
}

// Readiness that flaps is told once, and no more than every minute afterwards; nobody
// is told anew that a person is waited for.
func TestAStableThatFlaps(t *testing.T) {
	s := well(StageDwell)
	s.State.Steps, s.State.Wait = "50%:pause,100%", waitPerson
	var told []string
	for at := time.Duration(0); at < 10*time.Minute; at += time.Second {
		s.Stable.Ready = 2
		if at%(20*time.Second) < 8*time.Second {
			s.Stable.Ready = 0
		}
		decision := Decide(s, noon.Add(at))
		if s.State = decision.State; decision.Event != nil {
			told = append(told, decision.Event.Reason)
		}
	}
	assert.Equal(t, []string{"StableUnready", "RolloutWaiting"}, told, "and once that the person is waited for again")
	assert.Equal(t, StageDwell, s.State.Stage)
}

// A way back that leads to sick pods says so, and tells a person after the deadline.
func TestAWayBackToAStableThatIsSick(t *testing.T) {
	s := well(StageReturn)
	s.Services[0].Stable, s.Stable.Ready = 1, 1
	state, told := after(s, 0, time.Hour)
	assert.Equal(t, StageReturn, state.Stage)
	assert.Equal(t, "a person looks: for more than 5m it waits until the Services select stable's pods again, and the data plane follows", state.Wait)
	assert.Len(t, told, 1)
}

// Where admission is not asked the Deployment does not show what its state says. Each
// stage that its fields matter to says so, and what can go back does at the deadline.
func TestTheWebhookIsNotCalled(t *testing.T) {
	overdue := "a person looks: for more than 5m it waits until " + waitRendering
	for stage, row := range map[Stage]struct {
		wait, late string
		back       bool
	}{
		StagePrepare: {wait: waitRendering, back: true},
		StageScale:   {wait: waitRendering, back: true},
		StageDwell:   {wait: waitRendering, back: true},
		StageDrain:   {wait: waitRendering, back: true},
		StageRoll:    {wait: waitRendering, late: waitRendering}, // the user's own knobs do no harm
		StageRelease: {wait: waitRendering, late: overdue},
		StageRestore: {wait: waitRendering, late: overdue},
	} {
		t.Run(string(stage), func(t *testing.T) {
			s := well(stage)
			s.Rendered = false
			state, told := after(s, 0, 4*time.Minute)
			assert.Equal(t, stage, state.Stage, "nothing moves")
			assert.Equal(t, row.wait, state.Wait)
			assert.Len(t, told, 1)
			assert.Equal(t, WaitWebhook, KindOfWait(state.Wait))
			s.State = state
			state, _ = after(s, 4*time.Minute, 5*time.Minute)
			assert.Equal(t, row.back, state.Phase == RollingBack && stage != StageRestore)
			if row.back {
				assert.Equal(t, "waited 5m for this to happen: "+waitRendering, state.Reason)
				return
			}
			assert.Equal(t, row.late, state.Wait)
		})
	}
}

// Words of the cluster that stand in a state are bounded, or it could not be read again.
func TestAWaitIsBounded(t *testing.T) {
	s := well(StageScale)
	s.Canary.Ready, s.Services[0].CanaryReady, s.Canary.Refused = 0, 0, strings.Repeat("é", MaxStateBytes)
	state, told := after(s, 0, 10*time.Second)
	assert.Len(t, told, 1, "and told once")
	assert.LessOrEqual(t, len(state.Wait), 1<<10)
	s.State = state
	state = Decide(s, noon.Add(6*time.Minute)).State
	assert.Equal(t, RollingBack, state.Phase)
	_, err := ParseState(state.String())
	assert.NoError(t, err)
}

// A route that is accepted, then not, and then again has to settle anew: what the data
// plane followed in between nobody knows.
func TestAPromiseThatWasBrokenSettlesAnew(t *testing.T) {
	s := well(StageWithdraw)
	state, _ := after(s, 0, 3*time.Second)
	assert.Equal(t, noon, state.Seen)
	s.State, s.Routes[0].Accepted = state, false
	state, told := after(s, 4*time.Second, 20*time.Second)
	assert.Equal(t, StageWithdraw, state.Stage)
	assert.True(t, state.Seen.IsZero())
	assert.Empty(t, told, "it waits for the same")
	s.State, s.Routes[0].Accepted = state, true
	state, _ = after(s, 21*time.Second, 25*time.Second)
	assert.Equal(t, StageWithdraw, state.Stage)
	s.State = state
	assert.Equal(t, StageRestore, Decide(s, noon.Add(26*time.Second)).State.Stage)
}
