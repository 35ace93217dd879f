// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPeopleAndEvidence(t *testing.T) {
	t.Run("continue does not skip evidence", func(t *testing.T) {
		w, s := standing(t, "20%:pause,100%", nil)
		next, err := Act(w.state, ActionContinue, w.now)
		require.NoError(t, err)
		w.write(next)
		s.State = next
		assert.Equal(t, waitEvidence("success-rate"), Decide(s, w.now).State.Wait)
		follow(t, w, &gauge{says: always(Passed)}, time.Hour)
		assert.Equal(t, Completed, w.state.Phase)
	})
	t.Run("a paused step has its evidence before its person", func(t *testing.T) {
		w, _ := standing(t, "20%:pause,100%", nil)
		follow(t, w, &gauge{says: always(Passed)}, 5*time.Minute)
		assert.Equal(t, waitPerson, w.state.Wait)
		follow(t, w, &gauge{says: always(Failed)}, 5*time.Minute)
		assert.Equal(t, RolledBack, w.state.Phase, "and is looked at while it waits")
	})
	t.Run("skip does", func(t *testing.T) {
		w, _ := standing(t, "20%:10m,50%,100%", func(s *State) { s.OnFailure = OnFailureHold })
		follow(t, w, &gauge{says: always(Failed)}, 5*time.Minute)
		next, err := Act(w.state, ActionSkip, w.now)
		require.NoError(t, err)
		w.write(next)
		follow(t, w, &gauge{says: always(Failed)}, time.Hour)
		assert.Equal(t, Completed, w.state.Phase)
	})
	t.Run("a held rollout goes back, too", func(t *testing.T) {
		w, s := standing(t, "20%:10m,100%", nil)
		s.State = Hold(w.state, true, w.now)
		s.Measurements = map[string]Measurement{"success-rate": {At: w.now, Verdict: Failed}}
		s.State = Decide(s, w.now).State
		assert.Equal(t, RollingBack, Decide(s, w.now).State.Phase)
	})
	t.Run("another template starts with nothing", func(t *testing.T) {
		w, _ := standing(t, "20%:10m,100%", nil)
		follow(t, w, &gauge{says: always(Passed)}, time.Minute)
		require.NotZero(t, w.state.Analyses[0].Passed)
		again, err := Again(w.state, w.state, w.now)
		require.NoError(t, err)
		assert.Equal(t, Evidence{{Name: "success-rate", Interval: Duration(interval)}}, again.Analyses)
		assert.Empty(t, again.Measured())
	})
}
