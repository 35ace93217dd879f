// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// world is a small cluster: the stock controller of a Deployment (design: held
// by its knobs it keeps stable and canary side by side), one Service with its
// endpoints, one route, and a data plane that follows the route late. Admission
// renders a state in the write that carries it, as it does in the real one.
type world struct {
	now      time.Time
	replicas int32
	state    State
	// what is running, by version; ready is a part of pods.
	pods, ready map[string]int32
	template    string
	// what the neighbours show.
	selected     string // hash, "" is the user's own
	canaryTarget string // hash of the canary's Service, "" is none
	weight       int    // -1: the route leads to the Service alone
	// what the data plane serves by, a settle time behind the route.
	served     int
	routeSince time.Time
	sick       bool // the canary's pods never become ready
	broken     []string
	bug        string
}

const settle = 5 * time.Second

func newWorld(replicas int32, steps string) *world {
	surge, unavailable := intstr.FromString("25%"), intstr.FromInt32(0)
	user := Knobs{MinReadySeconds: 5, MaxSurge: &surge, MaxUnavailable: &unavailable}
	w := &world{
		now: time.Unix(1_800_000_000, 0), replicas: replicas, template: "canary", weight: -1, served: -1,
		pods: map[string]int32{"stable": replicas}, ready: map[string]int32{"stable": replicas},
	}
	w.state = Begin(State{
		Steps: steps, Stable: version("stable"), User: &user, Services: []string{"demo"}, Backends: []string{"demo"}, Routes: []string{"demo"},
		Timing: Timing{Settle: Duration(settle), ScaleDownDelay: Duration(10 * time.Second), StepDeadline: Duration(5 * time.Minute)},
	}, w.now)
	return w
}

func version(name string) Version { return Version{ReplicaSet: name, Hash: name, Revision: "1"} }

// snapshot is what observe would read.
func (w *world) snapshot() Snapshot {
	target := w.state.Target()
	s := Snapshot{State: w.state, Replicas: w.replicas, Rendered: true, Observed: true, Stable: w.count(w.state.Stable), Canary: w.count(w.state.Canary)}
	if w.pods[w.template] > 0 || w.template == "stable" {
		s.Newest = version(w.template)
	}
	service := Service{Name: "demo", Exists: true, InPlace: w.selected == target.Select || w.bug == "no narrowing", Backend: true, CanaryInPlace: true}
	for name, n := range w.endpoints(w.selected) {
		switch name {
		case w.state.Stable.Hash:
			service.Stable = n
		case w.state.Canary.Hash:
			service.Canary = n
		default:
			service.Other += n
		}
	}
	switch target.Canary {
	case CanaryServiceAbsent:
		service.CanaryInPlace = w.canaryTarget == ""
	case CanaryServiceSelect:
		service.CanaryInPlace = w.canaryTarget == w.state.Canary.Hash
	}
	if w.canaryTarget != "" {
		service.CanaryReady = w.ready[w.canaryTarget]
	}
	s.Services = []Service{service}
	s.Routes = []Route{{Name: "demo", Exists: true, Accepted: true, InPlace: w.weight == shown(target)}}
	return s
}

func shown(t Target) int {
	if !t.Split {
		return -1
	}
	return t.Weight
}

func (w *world) count(v Version) Pods {
	return Pods{Exists: v.Hash != "", Replicas: w.pods[v.Hash], Ready: w.ready[v.Hash]}
}

// endpoints are the ready pods that a selector selects.
func (w *world) endpoints(hash string) map[string]int32 {
	out := map[string]int32{}
	for name, n := range w.ready {
		if n > 0 && (hash == "" || hash == name) {
			out[name] = n
		}
	}
	return out
}

// reconcile does what the controller does: the state, or what it promises. With
// a crash it ends after the first write.
func (w *world) reconcile(crash bool) {
	decision := Decide(w.snapshot(), w.now)
	next := decision.State
	if w.bug == "no settle" && !next.Seen.IsZero() {
		next.Seen = next.Seen.Add(-time.Hour)
	}
	if !next.Equal(w.state) {
		w.write(next)
		return
	}
	target := w.state.Target()
	writes := []func(){
		func() {
			if w.bug != "no narrowing" {
				w.selected = target.Select
			}
		},
		func() {
			switch target.Canary {
			case CanaryServiceAbsent:
				w.canaryTarget = ""
			case CanaryServiceSelect:
				w.canaryTarget = w.state.Canary.Hash
			}
		},
		func() {
			if w.weight != shown(target) {
				w.weight, w.routeSince = shown(target), w.now
			}
		},
	}
	for _, write := range writes {
		write()
		if crash {
			return
		}
	}
}

// write is a state's write with its rendering.
func (w *world) write(next State) {
	if next.Phase == RollingBack && !next.HoldsTemplate() {
		w.template = "stable"
	}
	w.state = next
}

// stock is one pass of the stock controller over the Deployment.
func (w *world) stock() {
	knobs := w.state.Render()
	if !w.state.InFlight() {
		knobs = Knobs{}
	}
	for name := range w.pods { // the template's own ReplicaSet takes over at once
		if w.template == "stable" && name != "stable" {
			delete(w.pods, name)
			delete(w.ready, name)
		}
	}
	if knobs.Paused {
		return
	}
	if knobs.MinReadySeconds == holdMinReadySeconds {
		surge, _ := intstr.GetScaledValueFromIntOrPercent(knobs.MaxSurge, int(w.replicas), true)
		if w.bug == "surge takes stable" {
			w.pods["stable"], w.ready["stable"] = w.replicas-1, w.replicas-1
		}
		for name := range w.pods {
			if name != "stable" && name != w.template {
				delete(w.pods, name)
				delete(w.ready, name)
			}
		}
		if w.template != "stable" {
			w.pods[w.template] = int32(surge)
			w.ready[w.template] = min(w.ready[w.template], int32(surge))
		}
		return
	}
	w.pods[w.template] = w.replicas
	for name := range w.pods {
		if name != w.template && w.ready[w.template] >= w.replicas {
			delete(w.pods, name)
			delete(w.ready, name)
		}
	}
}

func (w *world) becomeReady() {
	for name, n := range w.pods {
		if name == "stable" || !w.sick {
			w.ready[name] = n
		}
	}
}

// follow lets the data plane catch up with the route; it always has after 2 s.
func (w *world) follow() { w.served = w.weight }

func (w *world) pass(d time.Duration) {
	w.now = w.now.Add(d)
	if w.now.Sub(w.routeSince) >= 2*time.Second {
		w.follow()
	}
}

// check looks at the invariants that no state of the world may break.
func (w *world) check() {
	fail := func(format string, args ...any) {
		w.broken = append(w.broken, fmt.Sprintf(format, args...)+" in "+w.state.String())
	}
	if w.served > 0 && w.ready[w.canaryTarget] == 0 && !w.sick {
		fail("%d%% of the traffic goes to no pod", w.served)
	}
	if w.served < 100 { // the user's Service gets a share
		ready := w.endpoints(w.selected)
		if len(ready) == 0 {
			fail("the Service leads to no pod")
		}
		if w.served >= 0 && ready["stable"] < w.replicas {
			fail("stable cannot carry its share: %d pods", ready["stable"])
		}
		if unasked := w.state.Canary.Hash; w.state.Phase == Stepping && unasked != "" && ready[unasked] > 0 {
			fail("canary pods get traffic that nobody gave them")
		}
	}
	if w.state.InFlight() && w.state.Wait == "" && w.state.Stage != StagePrepare {
		fail("it waits without saying so")
	}
	if !w.state.InFlight() && (w.selected != "" || w.weight != -1 || w.canaryTarget != "") {
		fail("ended is not restored")
	}
}

// walk lets one seeded sequence of events happen and ends in a fair world.
func walk(seed uint64, bug string) *world {
	random := rand.New(rand.NewPCG(seed, 1))
	w := newWorld(int32(1+random.IntN(6)), []string{"20%:4s,100%", "50%:pause,100%", "10%,30%:2s,100%:pause"}[random.IntN(3)])
	w.bug, w.sick = bug, random.IntN(5) == 0
	step := func(fair bool) {
		switch event := random.IntN(16); {
		case event < 6:
			w.reconcile(event == 0)
		case event < 9:
			w.stock()
		case event < 11:
			w.becomeReady()
		case event < 14:
			w.pass(time.Duration(random.IntN(3000)) * time.Millisecond)
		case fair && w.state.Phase == Stepping:
			if next, err := Act(w.state, ActionContinue, w.now); err == nil {
				w.write(next)
			}
		case !fair && event == 14 && w.state.Reversible() && random.IntN(40) == 0:
			w.write(RollBack(w.state, "undo", w.now))
		case !fair && event == 15 && w.state.Stage != StagePrepare && w.state.Phase == Stepping && random.IntN(4) == 0:
			w.write(Hold(w.state, !w.state.Held, w.now))
		}
		w.check()
	}
	for range 400 {
		step(false)
	}
	if w.state.Held {
		w.write(Hold(w.state, false, w.now))
	}
	for i := 0; i < 8000 && w.state.InFlight(); i++ {
		step(true)
	}
	return w
}

// Every walk keeps the invariants at every step, and comes to its end.
func TestEveryWalkIsSafeAndEnds(t *testing.T) {
	ends := map[Phase]int{}
	const walks = 2000
	for seed := range uint64(walks) {
		w := walk(seed, "")
		require.Empty(t, w.broken, "seed %d", seed)
		require.False(t, w.state.InFlight(), "seed %d did not end: %s", seed, w.state)
		ends[w.state.Phase]++
	}
	t.Logf("%d walks of 400 events and more: %v", walks, ends)
	assert.Greater(t, ends[Completed], walks/4)
	assert.Greater(t, ends[RolledBack], walks/10)
}

// A checker that could not see a bug would prove nothing.
func TestPlantedBugsAreFound(t *testing.T) {
	for _, bug := range []string{"no narrowing", "no settle", "surge takes stable"} {
		t.Run(bug, func(t *testing.T) {
			found := slices.ContainsFunc(seeds(500), func(seed uint64) bool { return len(walk(seed, bug).broken) > 0 })
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
