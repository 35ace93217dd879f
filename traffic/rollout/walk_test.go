// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// someWorld is one of the worlds that a release may start in.
func someWorld(random *rand.Rand) *world {
	one := func(values ...string) string { return values[random.IntN(len(values))] }
	g := given{
		replicas: int32(1 + random.IntN(12)), strategy: one(Canary, Canary, BlueGreen, Batch, Rolling), capacity: one(Surge, Replace),
		steps: one("20%:4s,100%", "50%:pause,100%", "10%,30%:2s,100%:pause", "0%/50%:3s,60%,100%"), match: one("", "header:x-group=beta"),
		surge: one("25%", "1", "50%"), unavailable: one("0", "1", "25%"),
	}
	if random.IntN(4) == 0 {
		g.surge, g.unavailable = "0", one("1", "30%")
	}
	if g.strategy == BlueGreen {
		g.steps = BlueGreenSteps
	}
	if random.IntN(3) == 0 {
		g.mirror = 10
	}
	g.analysis = random.IntN(3) == 0
	return newWorld(g)
}

// step lets one event happen. In a fair world nobody disturbs, and people say
// what is waited for.
func (w *world) step(random *rand.Rand, fair bool) {
	if !fair && random.IntN(60) == 0 {
		outsides[random.IntN(len(outsides))].do(w)
	}
	switch event := random.IntN(19); {
	case event < 6:
		w.reconcile([]int{1, 3, 5, all, all, all}[event])
	case event < 9:
		w.stock()
	case event < 11:
		w.becomeReady()
	case event < 14:
		w.pass(time.Duration(random.IntN(3000)) * time.Millisecond)
	case fair && w.closed:
		w.closed = false
	case fair && w.state.Phase == Stepping:
		if next, err := Act(w.state, ActionContinue, w.now); err == nil {
			w.write(next)
		}
	case !fair && event == 14 && random.IntN(40) == 0:
		w.apply("stable")
	case !fair && event == 15 && random.IntN(4) == 0 && w.state.InFlight():
		w.write(Hold(w.state, !w.state.Held, w.now))
	case !fair && event == 16 && random.IntN(40) == 0:
		w.scale(int32(random.IntN(14)))
	case !fair && event == 17 && random.IntN(60) == 0:
		w.apply("third")
	case !fair && event == 18 && random.IntN(20) == 0:
		w.closed = !w.closed
	}
	if len(w.state.Analyses) > 0 && random.IntN(8) == 0 {
		w.say([]Verdict{Passed, Passed, Inconclusive, Failed}[random.IntN(map[bool]int{true: 2, false: 4}[fair])])
	}
	w.check()
}

// scale is what a person or an autoscaler does. Pods of all versions come and go
// by their share, those that come need a moment.
func (w *world) scale(replicas int32) {
	if w.replicas == replicas || w.replicas == 0 || w.state.Give > 0 || w.state.Phase == Promoting {
		return // proportional scaling is the real cluster's to show
	}
	w.replicas = replicas
	w.pods["stable"] = replicas
	if !w.sick["stable"] {
		w.ready["stable"] = replicas // the test's own mercy: new stable pods are ready at once
	}
	if replicas == 0 {
		w.pods, w.ready = map[string]int32{}, map[string]int32{}
	}
}

// walk lets one seeded sequence of events happen and ends in a fair world.
func walk(seed uint64, bug string) *world {
	random := rand.New(rand.NewPCG(seed, 1))
	w := someWorld(random)
	w.bug, w.sick["canary"] = bug, random.IntN(5) == 0
	for range 400 {
		w.step(random, false)
	}
	w.heal()
	if w.state.Held {
		w.write(Hold(w.state, false, w.now))
	}
	for i := 0; i < 8000 && w.state.InFlight(); i++ {
		w.step(random, true)
	}
	return w
}

// Every walk keeps the invariants at every step, and comes to its end.
func TestEveryWalkIsSafeAndEnds(t *testing.T) {
	ends := map[string]int{}
	const walks = 3000
	for seed := range uint64(walks) {
		w := walk(seed, "")
		require.Empty(t, w.broken, "seed %d", seed)
		require.False(t, w.state.InFlight(), "seed %d did not end: %s %v %v", seed, w.state, w.pods, w.ready)
		ends[w.state.Strategy+" "+string(w.state.Phase)]++
	}
	t.Logf("%d walks of 400 events and more: %v", walks, ends)
	for _, strategy := range Strategies() {
		assert.Greater(t, ends[strategy+" Completed"], walks/60, strategy)
		assert.Greater(t, ends[strategy+" RolledBack"], walks/50, strategy)
	}
}

// bugs are planted, at least one for each invariant.
var bugs = []string{
	"weight before pods", "mirror before pods", // 1: no weight, and no copy, without ready pods
	"no settle", "the mirror stays", // 2: no pod goes before the data plane has followed
	"surge takes stable", "stable gives at once", // 3: stable can carry its share
	"no narrowing",                                                            // 3: and no canary pod gets what nobody gave it
	"the canary's Service stays",                                              // 4: ended is restored
	"no evidence is asked for",                                                // and no canary is promoted that an analysis did not pass
	"it waits in silence",                                                     // 5: nothing waits without saying so
	"young pods are overlooked",                                               // 1: nor for pods that were not ready for minReadySeconds
	"ports are overlooked",                                                    // 1: no weight for pods that lack the Service's port
	"acceptance is overlooked",                                                // 2: nor before the route was accepted
	"a sick stable is overlooked", "a Service that lost stable is overlooked", // 3: no step from a stable that does not carry its share
	"rendering is taken for granted", // 4: and the knobs are the user's own
	"what is gone is overlooked",     // 5: no step counts that nobody serves
}

// A checker that could not see a bug would prove nothing.
func TestPlantedBugsAreFound(t *testing.T) {
	for _, bug := range bugs {
		if preludes[bug] != nil {
			continue // too deep for walks at random
		}
		t.Run(bug, func(t *testing.T) {
			found := slices.ContainsFunc(seeds(800), func(seed uint64) bool { return len(walk(seed, bug).broken) > 0 })
			assert.True(t, found)
		})
	}
}

func seeds(n uint64) []uint64 {
	out := make([]uint64, n)
	for i := range out {
		out[i] = uint64(i)
	}
	return out
}
