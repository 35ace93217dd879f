// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package batch

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// someWorld is one of the worlds that a release may start in.
func someWorld(random *rand.Rand) *world {
	one := func(values ...string) *intstr.IntOrString {
		if value := values[random.IntN(len(values))]; value != "" {
			return ptr.To(intstr.Parse(value))
		}
		return nil
	}
	g := given{
		replicas: int32(1 + random.IntN(9)), daemon: random.IntN(3) == 0, parallel: random.IntN(2) == 0, services: random.IntN(2) == 0,
		steps: []string{"33%:4s,100%", "50%:pause,100%", "10%,30%:2s,100%:pause", "0%/50%:3s,60%,100%", "100%"}[random.IntN(5)],
		turn:  []int{0, 0, 40, 100}[random.IntN(4)],
	}
	if g.daemon {
		g.unavailable = one("", "1", "2", "34%")
		if random.IntN(4) == 0 {
			g.unavailable, g.surge = one("0"), one("1", "50%")
		}
		return newWorld(g)
	}
	if random.IntN(3) == 0 {
		g.analysis = &rollout.Analysis{Name: "smoke", Interval: rollout.Duration(interval), FailureLimit: random.IntN(2), InconclusiveLimit: random.IntN(2)}
	}
	g.unavailable, g.bare = one("", "1", "2", "50%"), random.IntN(6) == 0
	if random.IntN(4) == 0 {
		g.partition = ptr.To(int32(random.IntN(4)))
	}
	return newWorld(g)
}

// step lets one event happen. In a fair world nobody disturbs, and people say
// what is waited for.
func (w *world) step(random *rand.Rand, fair bool) {
	switch event := random.IntN(24); {
	case event < 6:
		w.reconcile([]int{0, 1, 2, 9, 9, 9}[event])
	case event < 10:
		w.stock()
	case event < 14:
		w.kubelet(random)
	case event < 17:
		w.pass(time.Duration(random.IntN(3000)) * time.Millisecond)
	case fair:
		w.please()
	default:
		w.disturb(event, random)
	}
	w.check()
}

// walk lets one seeded sequence of events happen and ends in a fair world.
func walk(seed uint64, bug string) *world {
	random := rand.New(rand.NewPCG(seed, 1))
	w := someWorld(random)
	w.bug, w.sick["new"], w.sick["crashes"] = bug, random.IntN(4) == 0, random.IntN(2) == 0
	w.cruel = w.crashes() && random.IntN(3) == 0
	if w.says != nil {
		w.guarded = true
		w.says = func() rollout.Verdict {
			return []rollout.Verdict{rollout.Passed, rollout.Passed, rollout.Passed, rollout.Inconclusive, rollout.Failed}[random.IntN(5)]
		}
	}
	for range 400 {
		w.step(random, false)
	}
	if w.says != nil {
		w.says = func() rollout.Verdict { return rollout.Passed }
	}
	for i := 0; i < 9000 && w.state.InFlight(); i++ {
		w.step(random, true)
		if w.replicas == 0 {
			w.scale(3)
		}
	}
	return w
}

// Every walk keeps the invariants at every step, and comes to its end.
func TestEveryWalkIsSafeAndEnds(t *testing.T) {
	ends, stages, deleted, refused := map[string]int{}, map[rollout.Stage]int{}, 0, 0
	const walks = 1000
	for seed := range uint64(walks) {
		w := walk(seed, "")
		require.Empty(t, w.broken, "seed %d", seed)
		require.False(t, w.state.InFlight(), "seed %d did not end: %s", seed, w)
		kind := "StatefulSet "
		if w.knobs.DaemonSet != nil {
			kind = "DaemonSet "
		}
		ends[kind+string(w.state.Phase)]++
		deleted, refused = deleted+w.deleted, refused+w.refused
		for stage := range w.stages {
			stages[stage]++
		}
	}
	t.Logf("%d walks of 400 events and more, %d pods deleted, %d scalings refused: %v, through %v", walks, deleted, refused, ends, stages)
	for stage := range stageWaits {
		assert.Greater(t, stages[stage], walks/50, stage)
	}
	assert.Positive(t, refused)
	for _, kind := range []string{"StatefulSet ", "DaemonSet "} {
		assert.Greater(t, ends[kind+"Completed"], walks/20, kind)
		assert.Greater(t, ends[kind+"RolledBack"], walks/50, kind)
	}
}

// A checker that could not see a bug would prove nothing.
func TestPlantedBugsAreFound(t *testing.T) {
	for _, bug := range []string{"no settle", "template first", "all at once", "rounds the wrong way", "not clear", "broken pods stay", "own strategy lost", "no evidence"} {
		t.Run(bug, func(t *testing.T) {
			const most = 1000
			for seed := range uint64(most) {
				if w := walk(seed, bug); len(w.broken) > 0 || w.state.InFlight() {
					t.Logf("found in walk %d", seed)
					return
				}
			}
			t.Errorf("not found in %d walks", most)
		})
	}
}
