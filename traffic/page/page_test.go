// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// The moment of all tests: a release began at 0 s, and is looked at after 1000 s.
func at(seconds int) time.Time {
	return time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC).Add(time.Duration(seconds) * time.Second)
}

var now = at(1000)

// flying is a canary in its second step of three.
func flying(change ...func(*Seen)) Seen {
	s := Seen{
		Kind: "Deployment", Namespace: "shop", Name: "demo", Replicas: 4, Ready: 6,
		Stable: Pods{Total: 4, Ready: 4}, Canary: Pods{Total: 3, Ready: 2},
		State: rollout.State{
			Phase: rollout.Stepping, Stage: rollout.StageDwell, Steps: "20%:10m,50%:10m,100%", Step: 1, Weight: 50, Since: at(700),
			Services: []string{"demo"}, Wait: dwells, Stable: rollout.Version{ReplicaSet: "demo-1", Revision: "1"}, Canary: rollout.Version{ReplicaSet: "demo-2", Revision: "2"},
			Log: rollout.Log{Began: at(0), By: "jane", Steps: []rollout.StepLog{
				{Step: 0, Asked: at(10), Given: at(50), Accepted: at(51), Left: at(651)},
				{Step: 1, Asked: at(651), Given: at(690), Accepted: at(700)},
			}},
		},
	}
	for _, one := range change {
		one(&s)
	}
	return s
}

// waits makes a release wait for something.
func waits(text string) func(*Seen) { return func(s *Seen) { s.State.Wait = text } }

func ended(phase rollout.Phase, since time.Time) func(*Seen) {
	return func(s *Seen) {
		s.State = rollout.State{Phase: phase, Since: since, Steps: s.State.Steps, Stable: s.State.Stable, Canary: s.State.Canary}
	}
}

func back(s *Seen) {
	s.State.Phase, s.State.Stage, s.State.Weight, s.State.Log.Steps[1].Left = rollout.RollingBack, rollout.StageWithdraw, 0, at(900)
}

func held(s *Seen) {
	s.State.Held, s.State.Wait = true, "a person holds the rollout (kubectl rollout resume goes on)"
}

func frozen(s *Seen) { s.State, s.Frozen = rollout.State{}, "cannot read it" }

func inBatches(s *Seen) {
	s.Kind, s.State.Services, s.Stable, s.Canary = "StatefulSet", nil, Pods{Total: 3, Ready: -1}, Pods{Total: 1, Ready: -1}
}

const (
	dwells  = "the step's time is over"
	says    = "a person says so (annotation evenkeel.dev/action: continue, skip or rollback)"
	decides = "a person decides (annotation evenkeel.dev/action: skip or rollback): no longer waiting until they continue"
)

// What a page says of each kind of release, and what a person can type.
func TestLook(t *testing.T) {
	annotate := func(action string) string {
		return "kubectl annotate -n shop deployment demo evenkeel.dev/action=" + action
	}
	for _, row := range []struct {
		name   string
		of     Seen
		mark   Mark
		place  string
		goesOn string
		lines  []string
	}{
		{"its time runs", flying(), Moving, "Step 2 of 3", "in 5m 00s", []string{annotate("rollback")}},
		{"asks", flying(waits(says)), Person, "Step 2 of 3", "", []string{annotate("continue"), annotate("skip"), annotate("rollback")}},
		{"asks for less", flying(waits(decides)), Person, "Step 2 of 3", "", []string{annotate("skip"), annotate("rollback")}},
		{"held", flying(held), Person, "Step 2 of 3", "", []string{"kubectl rollout resume -n shop deployment/demo", annotate("rollback")}},
		{"held in batches", flying(inBatches, held, waits("a person lets it go on (annotation evenkeel.dev/action: continue)")), Person, "Step 2 of 3", "",
			[]string{"kubectl annotate -n shop statefulset demo evenkeel.dev/action=continue", "kubectl annotate -n shop statefulset demo evenkeel.dev/action=rollback"}},
		{"goes back", flying(back), Back, "Going back", "", nil},
		{"begins", flying(func(s *Seen) { s.State.Phase, s.State.Stage = rollout.Preparing, rollout.StagePrepare }), Moving, "Getting ready", "", []string{annotate("rollback")}},
		{"takes over", flying(func(s *Seen) { s.State.Phase, s.State.Stage = rollout.Promoting, rollout.StageRelease }), Moving, "The new version takes over", "", nil},
		{"watched", flying(func(s *Seen) { s.State.Strategy, s.State.Stage = rollout.Rolling, rollout.StageRoll }), Moving, "Rolling update", "", []string{annotate("rollback")}},
		{"completed", flying(ended(rollout.Completed, at(900))), Done, "Completed", "", nil},
		{"rolled back", flying(ended(rollout.RolledBack, at(900))), Failed, "Rolled back", "", []string{annotate("retry")}},
		{"frozen", flying(frozen), Frozen, "Frozen: its traffic and its pods stay as they are", "", []string{annotate("rollback")}},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := Look(row.of, now)
			var lines []string
			for _, command := range r.Commands {
				lines = append(lines, command.Line)
			}
			assert.Equal(t, row.mark, r.Mark)
			assert.Equal(t, row.place, r.Place)
			assert.Equal(t, row.goesOn, r.GoesOn.Away)
			assert.Equal(t, row.lines, lines)
		})
	}
}

// What a page tells of the time that is left is when the step is left.
func TestGoesOn(t *testing.T) {
	least := func(s *Seen) { s.State.Timing.MinStep = rollout.Duration(20 * time.Minute) }
	for _, row := range []struct {
		name string
		of   Seen
		want string
	}{
		{"its own time", flying(), "in 5m 00s"},
		{"the policy's least", flying(least), "in 15m 00s"},
		{"an emergency lifts it", flying(least, func(s *Seen) { s.Hasty = true }), "in 5m 00s"},
		{"a pause lasts as long, too", flying(least, func(s *Seen) { s.State.Steps = "20%:10m,50%:pause,100%" }), "in 15m 00s"},
		{"it waits for evidence", flying(waits(`analysis "errors" passes in this step`)), ""},
		{"it waits for a window", flying(waits("the release window opens (Mon 2026-11-23 09:00 Europe/Berlin)")), ""},
		{"it waits for a place", flying(waits("a place for releases in the cluster is free (budget.cluster: 3)")), ""},
		{"its time is over", flying(func(s *Seen) { s.State.Since = at(0) }), ""},
		{"held", flying(held), ""},
		{"in batches", flying(inBatches, func(s *Seen) { s.State.Timing.Settle = rollout.Duration(time.Hour) }), "in 5m 00s"},
		{"begins", flying(func(s *Seen) { s.State.Stage = rollout.StageScale }), ""},
	} {
		t.Run(row.name, func(t *testing.T) { assert.Equal(t, row.want, Look(row.of, now).GoesOn.Away) })
	}
}

func TestShare(t *testing.T) {
	shown := func(s *Seen) {
		s.State.Stable.Hash, s.State.Canary.Hash, s.State.Exposed, s.State.Match, s.State.Mirror = "1", "2", true, "header:a=b", 10
	}
	alone := func(s *Seen) { s.State.Services = nil }
	for _, row := range []struct {
		name string
		of   Seen
		want Share
	}{
		{"divided by routes", flying(), Share{Stable: 50, Canary: 50, Of: "traffic", Known: true}},
		{"a group and a mirror besides", flying(shown), Share{Stable: 50, Canary: 50, Of: "traffic", Known: true, Match: "header:a=b", Mirror: 10}},
		{"by pods that are ready", flying(alone), Share{Stable: 67, Canary: 33, Of: "pods", Known: true}},
		{"in batches, by pods", flying(inBatches), Share{Stable: 75, Canary: 25, Of: "pods", Known: true}},
		{"no pods", flying(alone, func(s *Seen) { s.Stable, s.Canary = Pods{}, Pods{} }), Share{Stable: 100, Of: "pods"}},
		{"over", flying(ended(rollout.Completed, at(900))), Share{}},
		{"frozen", flying(frozen), Share{}},
	} {
		t.Run(row.name, func(t *testing.T) { assert.Equal(t, row.want, Look(row.of, now).Share) })
	}
}

func TestSteps(t *testing.T) {
	for _, row := range []struct {
		name string
		of   Seen
		is   []string
		took []string
	}{
		{"under way", flying(), []string{"done", "now", "next"}, []string{"10m 41s", "5m 49s", ""}},
		{"goes back", flying(back), []string{"done", "left", "next"}, []string{"10m 41s", "4m 09s", ""}},
		{"one was skipped", flying(func(s *Seen) { s.State.Step, s.State.Log.Steps[1].Step = 2, 2 }), []string{"done", "skipped", "now"}, []string{"10m 41s", "", "5m 49s"}},
		{"takes over", flying(func(s *Seen) { s.State.Phase, s.State.Step = rollout.Promoting, 2 }), []string{"done", "done", "skipped"}, []string{"10m 41s", "5m 49s", ""}},
		{"not begun", flying(func(s *Seen) { s.State.Phase, s.State.Step, s.State.Log.Steps = rollout.Preparing, 0, nil }), []string{"next", "next", "next"}, []string{"", "", ""}},
		{"watched", flying(func(s *Seen) { s.State.Strategy = rollout.Rolling }), nil, nil},
		{"over", flying(ended(rollout.Completed, at(900))), nil, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			var is, took []string
			for _, step := range Look(row.of, now).Steps {
				is, took = append(is, step.Is), append(took, step.Took)
			}
			assert.Equal(t, row.is, is)
			assert.Equal(t, row.took, took)
		})
	}
	steps := Look(flying(func(s *Seen) { s.State.Steps = "0%/50%:pause,20%:1h30m,100%" }), now).Steps
	assert.Equal(t, []string{"0%", "20%", "100%"}, []string{steps[0].Weight, steps[1].Weight, steps[2].Weight})
	assert.Equal(t, []string{"until told", "1h30m", "once healthy"}, []string{steps[0].Rule, steps[1].Rule, steps[2].Rule})
}

func TestCurve(t *testing.T) {
	for _, row := range []struct {
		name string
		of   Seen
		line string
		told string
	}{
		{"two steps", flying(), "M0 100 H50 V80 H690 V50 H1000", "the new version's weight: 0%, 20% after 50s, 50% after 11m 30s"},
		{"went back", flying(back), "M0 100 H50 V80 H690 V50 H900 V100 H1000", "the new version's weight: 0%, 20% after 50s, 50% after 11m 30s, 0% after 15m 00s"},
		{"by pods", flying(inBatches), "M0 100 H10 V80 H651 V50 H1000", "the new version's weight: 0%, 20% after 10s, 50% after 10m 51s"},
		{"asked for and not given", flying(func(s *Seen) { s.State.Log.Steps[1].Given = time.Time{} }), "M0 100 H50 V80 H1000", "the new version's weight: 0%, 20% after 50s"},
		{"a clock that goes after ours", flying(func(s *Seen) { s.State.Log.Began = at(2000) }), "", ""},
		{"begun before there was a log", flying(func(s *Seen) { s.State.Log = rollout.Log{} }), "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			curve := Look(row.of, now).Curve
			assert.Equal(t, row.line, curve.Line)
			assert.Equal(t, row.told, curve.Told)
		})
	}
}

func TestMeasured(t *testing.T) {
	r := Look(flying(func(s *Seen) {
		s.State.Analyses = []rollout.Analysis{{Name: "errors", Last: &rollout.Measurement{At: at(990), Verdict: rollout.Failed, Says: "7 %"}}, {Name: "not asked yet"}}
	}), now)
	assert.Equal(t, []Measured{{"50%", "errors", "Failed", "7\u00a0%", moment(at(990), now), true}}, r.Measured)
}

func TestPods(t *testing.T) {
	r := Look(flying(), now)
	assert.Equal(t, Version{Name: "demo-2", Revision: "2", Pods: "2 of 3 ready", Dots: []bool{true, true, false}}, r.New)
	assert.Equal(t, "6 ready, 4 asked for", r.Ready)
	assert.False(t, r.Short)
	r = Look(flying(inBatches, func(s *Seen) { s.Ready = 3 }), now)
	assert.Equal(t, Version{Name: "demo-2", Revision: "2", Pods: "1 pods"}, r.New, "which of them are ready is not known")
	assert.Equal(t, "3 of 4 ready", r.Ready)
	assert.True(t, r.Short)
	r = Look(flying(func(s *Seen) { s.Stable = Pods{} }), now)
	assert.Equal(t, "no pods", r.Old.Pods)
	assert.Nil(t, r.Old.Dots)
	r = Look(flying(func(s *Seen) { s.Canary = Pods{Total: maxDots + 1, Ready: 1} }), now)
	assert.Equal(t, "1 of 41 ready", r.New.Pods)
	assert.Nil(t, r.New.Dots)
}

// The most urgent comes first, then the oldest; what is long over is left out.
func TestOver(t *testing.T) {
	named := func(name string, s Seen) Seen {
		s.Name = name
		return s
	}
	all := []Seen{
		named("moving", flying()), named("older", flying(func(s *Seen) { s.State.Log.Began = at(-50) })), named("back", flying(back)), named("asks", flying(waits(says))),
		named("frozen", flying(frozen)), named("done", flying(ended(rollout.Completed, at(500)))), named("failed", flying(ended(rollout.RolledBack, at(900)))),
		named("failed-before", flying(ended(rollout.RolledBack, at(-90000)))), named("forgotten", flying(ended(rollout.RolledBack, at(-300000)))),
		named("never", flying(func(s *Seen) { s.State = rollout.State{} })),
	}
	names := func(of []Release) (out []string) {
		for _, one := range of {
			out = append(out, one.Name)
		}
		return out
	}
	slices.Reverse(all)
	o := Over(all, now)
	assert.Equal(t, []string{"frozen", "asks", "back", "older", "moving"}, names(o.Flights))
	assert.Equal(t, []string{"failed", "done", "failed-before"}, names(o.Ended))
	assert.Equal(t, []int{1, 2, 3}, []int{o.Waiting, o.Moving, o.Wrong})
	assert.Zero(t, o.MoreFlights+o.MoreEnded)
}

func TestOverIsBounded(t *testing.T) {
	var all []Seen
	for range maxFlights + 7 {
		all = append(all, flying(), flying(ended(rollout.Completed, at(0))))
	}
	o := Over(all, now)
	assert.Len(t, o.Flights, maxFlights)
	assert.Len(t, o.Ended, maxEnded)
	assert.Equal(t, 7, o.MoreFlights)
	assert.Equal(t, maxFlights+7-maxEnded, o.MoreEnded)
	assert.Equal(t, maxFlights+7, o.Moving, "all are counted")
}

// Whatever a StatefulSet's state says, a page knows it.
func TestBatches(t *testing.T) {
	assert.Equal(t, rollout.State{}, Batches(batch.State{}))
	s := Batches(batch.State{Phase: rollout.Stepping, Stage: batch.StageTurn, Step: 1, Steps: "50%:pause,100%", Held: true, Wait: "w", Stable: batch.Version{Name: "a", Hash: "b"}, Services: []string{"demo"}})
	assert.Equal(t, rollout.State{Strategy: "batch", Phase: rollout.Stepping, Stage: batch.StageTurn, Step: 1, Steps: "50%:pause,100%", Held: true, Wait: "w", Stable: rollout.Version{ReplicaSet: "a", Hash: "b"}}, s)
	assert.False(t, s.Divides(), "Services lead to one version or the other, and no weight is theirs")
}

func TestMoments(t *testing.T) {
	for _, row := range []struct {
		at          time.Time
		clock, away string
	}{
		{at(1000), "14:16:40 UTC", "0s ago"},
		{at(958), "14:15:58 UTC", "42s ago"},
		{at(1000 + 90), "14:18:10 UTC", "in 1m 30s"},
		{at(1000 - 7260), "12:15:40 UTC", "2h 01m ago"},
		{at(1000 - 24*3600), "20 Nov 14:16 UTC", "24h 00m ago"},
		{at(1000 - 72*3600), "18 Nov 14:16 UTC", "3 days ago"},
	} {
		assert.Equal(t, Time{row.at.Format(time.RFC3339), row.clock, row.away}, moment(row.at, now))
	}
	assert.Equal(t, Time{}, moment(time.Time{}, now))
}
