// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package batch

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// A closed way holds the gate, further batches and the promotion; nothing else.
func TestAClosedWay(t *testing.T) {
	closed := func(s *Snapshot) {
		s.Closed = rollout.Closed{Why: "the window opens", Until: noon.Add(10 * time.Hour)}
		s.State.Told = s.State.Stage == StageDwell
	}
	for name, row := range map[string]struct {
		snapshot Snapshot
		waits    bool
		stage    rollout.Stage // where it goes on to
	}{
		"the gate":                   {seen(StagePrepare, "old old old old", closed), true, StagePrepare},
		"a further batch":            {seen(StageDwell, "old old new new", closed), true, StageDwell},
		"the promotion":              {seen(StageDwell, "new new new new", closed, func(s *Snapshot) { s.State.Step, s.State.Partition = 1, 0 }), true, StageDwell},
		"a batch that was started":   {seen(StageBatch, "old old new new", closed), false, StageDwell},
		"the way back":               {seen(StageRestore, "old old old old", closed, func(s *Snapshot) { s.Newest = version("old") }), false, StageWiden},
		"a release that was started": {seen(StageRelease, "new new new new", closed), false, StageWiden},
	} {
		t.Run(name, func(t *testing.T) {
			decision := Decide(row.snapshot, noon)
			for i := 0; i < 3 && !row.waits && decision.State.Stage != row.stage; i++ {
				row.snapshot.State = decision.State
				decision = Decide(row.snapshot, noon)
			}
			assert.Equal(t, row.stage, decision.State.Stage)
			assert.Equal(t, row.waits, decision.State.Wait == "the window opens")
			if !row.waits {
				return
			}
			row.snapshot.State = decision.State
			later := noon.Add(9 * time.Hour) // longer than any deadline
			again := Decide(row.snapshot, later)
			assert.Equal(t, []any{decision.State, time.Hour}, []any{again.State, again.After})
			assert.Nil(t, again.Event)
			row.snapshot.Closed = rollout.Closed{}
			opened := Decide(row.snapshot, later)
			assert.Equal(t, stamp(later), opened.State.Since)
			assert.False(t, opened.State.Closed)
			assert.Equal(t, row.snapshot.State.Stage == StageDwell, row.snapshot.State.Passes(opened.State))
		})
	}
}

// A batch with a weight lasts as long as the policy asks for, unless an emergency
// lifts it.
func TestTheLeastTimeOfABatch(t *testing.T) {
	for name, row := range map[string]struct {
		edit func(*Snapshot)
		left time.Duration
	}{
		"a batch that is shorter": {func(*Snapshot) {}, time.Hour},
		"one without a weight":    {func(s *Snapshot) { s.State.Steps = "0%/50%,100%" }, 0},
		"an emergency":            {func(s *Snapshot) { s.Hasty = true }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := seen(StageDwell, "old old new new", func(s *Snapshot) {
				s.State.Steps, s.State.Timing.MinStep = "50%,100%", rollout.Duration(time.Hour)
			}, row.edit)
			decision := Decide(s, noon)
			assert.Equal(t, row.left, decision.After)
			assert.Equal(t, row.left == 0, s.State.Passes(decision.State))
			assert.Equal(t, name != "one without a weight", s.State.Hurried(noon))
		})
	}
}
