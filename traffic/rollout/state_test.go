// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"testing"

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
	_, err := Act(State{}, ActionRollback, w.now)
	require.EqualError(t, err, `action "rollback": there is nothing to roll back now (no rollout is in flight); kubectl rollout undo starts a new rollout`)
}

func TestParseState(t *testing.T) {
	w := canaryWorld(2, "50%:1m,100%")
	again, err := ParseState(w.state.String())
	require.NoError(t, err)
	assert.True(t, again.Equal(w.state))
	for _, text := range []string{"{", `{"phase":"Stepping"}`, string(make([]byte, maxStateBytes+1))} {
		state, err := ParseState(text)
		require.Error(t, err)
		assert.False(t, state.InFlight())
	}
}
