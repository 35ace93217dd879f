// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// unwell is a canary in the midst of a step, whose pods are not enough any more at
// some time, and enough again ten minutes later.
func unwell(at time.Duration) Snapshot {
	s := well(StageDwell)
	s.Replicas = 4 // an autoscaler asks for more, or a pod fell out
	s.State = Decide(s, noon.Add(at)).State
	s.Stable, s.Services[0].Stable = Pods{Exists: true, Replicas: 4, Ready: 4}, 4
	s.Canary, s.Services[0].CanaryReady = Pods{Exists: true, Replicas: 2, Ready: 2}, 2
	for range 4 {
		s.State = Decide(s, noon.Add(at+10*time.Minute)).State
	}
	return s
}

// A step whose pods were not enough for a while is as long as it is to be, and no
// longer: an autoscaler that acts more often than the step lasts keeps no release.
func TestTheTimeOfAStepGoesOnWithItsPods(t *testing.T) {
	s := unwell(40 * time.Minute)
	assert.Equal(t, StageDwell, s.State.Stage)
	assert.Equal(t, Duration(40*time.Minute), s.State.Spent)
	assert.Equal(t, noon.Add(70*time.Minute), s.State.Ends(false), "of an hour, 20 minutes are left")
	assert.Zero(t, Decide(s, noon.Add(70*time.Minute-time.Second)).State.Step)
	next := Decide(s, noon.Add(70*time.Minute)).State
	assert.Equal(t, 1, next.Step)
	assert.Zero(t, next.Spent, "the next step has a time of its own")
}

// However much of it is spent, the data plane has the time to follow.
func TestWhatIsScaledSettles(t *testing.T) {
	s := unwell(time.Hour - time.Second)
	assert.Equal(t, noon.Add(70*time.Minute-time.Second+settle), s.State.Ends(false))
}

// What a step stood still for is not spent.
func TestWhatStoodStillIsNotSpent(t *testing.T) {
	s := well(StageDwell)
	s.Services[0].Exists = false
	s.State = Decide(s, noon.Add(10*time.Minute)).State
	assert.Equal(t, Duration(10*time.Minute), s.State.served(noon.Add(12*time.Minute)))
}

// Another weight, another step and another template have all of their time.
func TestWhatIsSpentIsOfOneWeight(t *testing.T) {
	state := well(StageDwell).State
	state.Spent = Duration(time.Minute)
	again, err := Again(state, state, noon)
	assert.NoError(t, err)
	assert.Zero(t, again.Spent)
	skipped, err := Act(state, ActionSkip, noon)
	assert.NoError(t, err)
	assert.Zero(t, skipped.Spent)
	assert.Zero(t, Snapshot{State: state}.shift(60, noon).next.Spent)
	assert.Equal(t, Duration(time.Minute), Snapshot{State: state}.shift(50, noon).next.Spent)
}
