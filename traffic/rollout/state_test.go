// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func TestKnobsThatHold(t *testing.T) {
	w := canaryWorld(4, "20%:1m,100%")
	assert.True(t, w.state.Render().Paused, "the gate is shut")
	w.state = w.state.enter(Stepping, StageScale, w.now)
	held := w.state.Render()
	assert.False(t, held.Paused)
	assert.Equal(t, "20%", held.MaxSurge.String())
	assert.Equal(t, "0", held.MaxUnavailable.String())
	assert.Equal(t, int32(2147483646), held.MinReadySeconds)
	assert.Equal(t, int32(2147483647), *held.ProgressDeadlineSeconds)
	w.state = w.state.enter(Promoting, StageRelease, w.now)
	assert.True(t, w.state.Render().Equal(*w.state.User))

	d := &appsv1.Deployment{}
	held.Put(d)
	assert.True(t, KnobsOf(d).Equal(held))
}

func TestAWishIsWhatDiffersFromTheLiveObject(t *testing.T) {
	w := canaryWorld(4, "100%")
	live := w.state.Render()
	incoming := live
	one := intstr.FromInt32(1)
	incoming.MaxSurge = &one
	wish := w.state.Wish(live, incoming)
	assert.Equal(t, "1", wish.MaxSurge.String())
	assert.Equal(t, int32(5), wish.MinReadySeconds, "carried along: the user's own stays")
}

func TestActionsThatMakeNoSense(t *testing.T) {
	w := canaryWorld(2, "50%:1m,100%")
	for action, says := range map[Action]string{
		ActionContinue: `action "continue": no step waits for a person now (the rollout is Preparing, prepare)`,
		ActionSkip:     `action "skip": there is no step to skip now (the rollout is Preparing, prepare)`,
		ActionRetry:    `action "retry": no rollout was rolled back (the rollout is Preparing, prepare)`,
		"jump":         `action "jump" is not known: use continue, skip, rollback or retry`,
	} {
		_, err := Act(w.state, action, w.now)
		require.EqualError(t, err, says)
	}
	paused := canaryWorld(2, "50%:pause,100%:pause").state.enter(Stepping, StageShift, w.now)
	_, err := Act(paused, ActionContinue, w.now)
	require.EqualError(t, err, `action "continue": no step waits for a person now (the rollout is Stepping, shift)`, "it would be forgotten")
	paused.Step = 1
	_, err = Act(paused, ActionSkip, w.now)
	require.EqualError(t, err, `action "skip": there is no step to skip now (the rollout is Stepping, shift)`)
	_, err = Act(State{}, ActionRollback, w.now)
	require.EqualError(t, err, `action "rollback": there is nothing to roll back now (no rollout is in flight); kubectl rollout undo starts a new rollout`)
}

func TestParseState(t *testing.T) {
	w := canaryWorld(2, "50%:1m,100%")
	again, err := ParseState(w.state.String())
	require.NoError(t, err)
	assert.True(t, again.Equal(w.state))
	for _, text := range []string{"{", `{"phase":"Stepping"}`, string(make([]byte, MaxStateBytes+1))} {
		state, err := ParseState(text)
		require.Error(t, err)
		assert.False(t, state.InFlight())
	}
}

// What goes wrong in the midst of a long wait has its own deadline, and the wait
// stands still meanwhile.
func TestTroubleInTheMidstOfAWait(t *testing.T) {
	start := time.Unix(1_800_000_000, 0).UTC()
	w := canaryWorld(2, "50%:1h,100%")
	state := w.state
	state.Phase, state.Stage, state.Weight, state.Canary = Stepping, StageDwell, 50, version("canary")
	state.Since, state.Wait = start, stageWaits[StageDwell]
	at := func(state State, since time.Duration, there bool) State {
		return Decide(Snapshot{
			State: state, Replicas: 2, Rendered: true, Observed: true, Newest: version("canary"),
			Stable: Pods{Exists: true, Replicas: 2, Ready: 2}, Canary: Pods{Exists: true, Replicas: 1, Ready: 1},
			Services: []Service{{Name: "demo", Exists: true, InPlace: true, Backend: true, Stable: 2, CanaryInPlace: true, CanaryReady: 1}},
			Routes:   []Route{{Name: `HTTPRoute "demo"`, Exists: there, InPlace: there, Accepted: there}},
		}, start.Add(since)).State
	}
	troubled := at(state, 40*time.Minute, false)
	assert.Equal(t, Stepping, troubled.Phase, "the step began long before")
	assert.Equal(t, `HTTPRoute "demo" exists`, troubled.Wait)
	assert.Equal(t, troubled, at(troubled, 44*time.Minute, false))
	assert.Equal(t, RollingBack, at(troubled, 46*time.Minute, false).Phase, "5 minutes after it was seen")

	over := at(troubled, 43*time.Minute, true)
	assert.Equal(t, start.Add(3*time.Minute), over.Since, "3 minutes are not counted")
	assert.Equal(t, stageWaits[StageDwell], over.Wait)
	assert.Equal(t, StageDwell, at(over, 62*time.Minute, true).Stage)
	assert.Equal(t, StageScale, at(over, 64*time.Minute, true).Stage)
}

// A way back that does not get on cannot be helped by another way back: a person is told.
func TestAWayBackThatDoesNotGetOn(t *testing.T) {
	now := time.Unix(1_800_000_000, 0).UTC()
	state := canaryWorld(2, "50%,100%").state
	state.Canary = version("canary")
	state = state.enter(RollingBack, StageRestore, now)
	s := Snapshot{State: state, Replicas: 2, Rendered: true, Observed: true, Canary: Pods{Exists: true, Replicas: 1}}
	assert.Equal(t, 5*time.Minute, Decide(s, now).After)
	s.State = Decide(s, now.Add(6*time.Minute)).State
	assert.Equal(t, "a person looks: for more than 5m it waits until the canary's pods are gone", s.State.Wait)
	s.Canary = Pods{Exists: true}
	assert.Equal(t, StageWiden, Decide(s, now.Add(7*time.Minute)).State.Stage)
}

// A webhook that was not called is asked again soon, not at the deadline: nothing
// tells that it is back.
func TestAWebhookThatWasNotCalled(t *testing.T) {
	now := time.Unix(1_800_000_000, 0).UTC()
	for _, stage := range []Stage{StageScale, StageRelease, StageRestore} {
		state := canaryWorld(2, "50%,100%").state
		state.Canary = version("canary")
		state = state.enter(Stepping, stage, now)
		s := Snapshot{State: state, Replicas: 2, Observed: true, Stable: Pods{Exists: true, Replicas: 2, Ready: 2}}
		decision := Decide(s, now)
		assert.Equal(t, waitRendering, decision.State.Wait, stage)
		assert.Equal(t, AskAgain, decision.After, stage)
	}
}

// A stock controller whose first status met another write forgets its deadline:
// what has not moved at all goes back by ours.
func TestARollingUpdateThatNobodyWatches(t *testing.T) {
	w := newWorld(given{replicas: 2, strategy: Rolling, surge: "1", unavailable: "0"})
	s := Snapshot{State: w.state, Replicas: 2, Rendered: true, Idle: true}
	first := Decide(s, w.now)
	assert.Nil(t, first.Event, "its first status comes first")
	assert.Equal(t, w.state, first.State)
	s.Observed, s.Newest = true, version("canary")
	for s.State.Canary.Hash == "" {
		s.State = Decide(s, w.now).State
	}
	assert.Equal(t, stageWaits[StageRoll], s.State.Wait)
	assert.Equal(t, 5*time.Minute, Decide(s, w.now).After)
	assert.Equal(t, RollingBack, Decide(s, w.now.Add(5*time.Minute)).State.Phase)
	s.Idle = false
	assert.Equal(t, Stepping, Decide(s, w.now.Add(time.Hour)).State.Phase, "the stock controller watches")
}

// Of two old versions the stock controller would take stable's pods: the gate
// stays shut, and the release goes back.
func TestPodsOfAnEarlierRollout(t *testing.T) {
	w := canaryWorld(2, "50%,100%")
	s := w.snapshot()
	s.State.Wait, s.Between = stageWaits[StagePrepare], "demo-7f4"
	decision := Decide(s, w.now)
	assert.Equal(t, RollingBack, decision.State.Phase)
	assert.Equal(t, "demo-7f4, of an earlier rollout that is unfinished, has pods besides the stable ones", decision.State.Reason)
	require.NotNil(t, decision.Event)
	s.Between = ""
	assert.Equal(t, Preparing, Decide(s, w.now).State.Phase)
}

// Somebody deletes the canary's Service: it is made again, and the rollout goes
// back only where its endpoints do not come back in time.
func TestACanaryServiceThatWasDeleted(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	state := canaryWorld(2, "50%:pause,100%").state
	state.Phase, state.Stage, state.Weight, state.Canary = Stepping, StageDwell, 50, version("canary")
	state.Since, state.Timing.Settle = now, Duration(5*time.Second)
	for _, row := range []struct {
		name    string
		pods    int32
		inPlace bool
		made    time.Duration // before now
		want    Phase
		after   time.Duration
	}{
		{name: "gone", pods: 1, want: Stepping},
		{name: "made again, without endpoints yet", pods: 1, inPlace: true, made: 3 * time.Second, want: Stepping, after: 2 * time.Second},
		{name: "without endpoints for long", pods: 1, inPlace: true, made: 6 * time.Second, want: RollingBack},
		{name: "without pods", inPlace: true, made: 3 * time.Second, want: RollingBack},
	} {
		t.Run(row.name, func(t *testing.T) {
			service := Service{Name: "demo", Exists: true, InPlace: true, Backend: true, Stable: 2, CanaryInPlace: row.inPlace}
			if row.inPlace {
				service.CanaryMade = now.Add(-row.made)
			}
			decision := Decide(Snapshot{
				State: state, Replicas: 2, Rendered: true, Observed: true, Newest: version("canary"),
				Stable: Pods{Exists: true, Replicas: 2, Ready: 2}, Canary: Pods{Exists: true, Replicas: 1, Ready: row.pods}, Services: []Service{service},
			}, now)
			assert.Equal(t, row.want, decision.State.Phase)
			if row.after > 0 {
				assert.Equal(t, row.after, decision.After)
			}
		})
	}
}
