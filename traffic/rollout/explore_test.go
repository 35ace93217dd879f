// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// event is one thing that can happen to a world. It tells whether it can happen
// there; what changes nothing leads nowhere new.
type event struct {
	name string
	do   func(*world)
}

// events are all that can happen, of the controller, of the stock controller, of
// the data plane, and of people.
var events = []event{
	{"reconcile", func(w *world) { w.reconcile(all) }},
	{"reconcile, crash after the Service", func(w *world) { w.reconcile(1) }},
	{"reconcile, crash after the canary's Service", func(w *world) { w.reconcile(3) }},
	{"reconcile, the canary's Service is lost", func(w *world) { w.reconcile(5) }},
	{"reconcile, the Service is lost", func(w *world) { w.reconcile(6) }},
	{"stock", (*world).stock},
	{"pods become ready", (*world).becomeReady},
	{"time goes by", func(w *world) { w.pass(lag) }},
	{"much time goes by", func(w *world) { w.pass(settle) }},
	{"the canary falls sick", func(w *world) {
		if w.ready["canary"] > 0 {
			w.sick["canary"] = true
			delete(w.ready, "canary")
			delete(w.young, "canary")
		}
	}},
	{"continue", func(w *world) {
		if next, err := Act(w.state, ActionContinue, w.now); err == nil && !w.silent {
			w.write(next)
		}
	}},
	{"undo", func(w *world) { w.apply("stable") }},
	{"a third template", func(w *world) { w.apply("third") }},
	{"pause or resume", func(w *world) {
		if w.state.InFlight() && !w.silent {
			w.write(Hold(w.state, !w.state.Held, w.now))
		}
	}},
}

// opinions are what an analysis can say, in worlds that have one.
var opinions = []event{
	{"the analysis passes", func(w *world) { w.say(Passed) }},
	{"the analysis fails", func(w *world) { w.say(Failed) }},
	{"the analysis says nothing", func(w *world) { w.say(Inconclusive) }},
}

// say is a measurement that was wanted.
func (w *world) say(v Verdict) {
	if len(w.state.Measured()) > 0 {
		w.measured = map[string]Measurement{"success-rate": {At: w.now, Verdict: v}}
	}
}

// clone is a world that goes on by itself.
func (w *world) clone() *world {
	out := *w
	out.pods, out.ready, out.sick, out.young = maps.Clone(w.pods), maps.Clone(w.ready), maps.Clone(w.sick), maps.Clone(w.young)
	out.broken = slices.Clone(w.broken)
	return &out
}

// key tells worlds apart that have different futures: of times only what is left
// of them matters.
func (w *world) key() string {
	state := w.state
	since, seen, wait := w.now.Sub(state.Since), w.now.Sub(state.Seen), state.Wait
	if state.Seen.IsZero() {
		seen = -1
	}
	state.Since, state.Seen = time.Time{}, time.Time{}
	evidence := ""
	for _, a := range state.Analyses {
		m := w.measured[a.Name]
		taken := a.Last != nil && !m.At.After(a.Last.At)
		evidence = fmt.Sprint(a.Passed > 0, a.Failed, a.Inconclusive > 0, a.DryRun, a.Last != nil && a.Last.Verdict == Passed, m.Verdict, taken, m.At.Before(w.state.Since))
	}
	return evidence + fmt.Sprint(state.Phase, state.Stage, state.Step, state.Weight, state.Surge, state.Capped, state.Give, state.Exposed, state.Stable.Hash, state.Canary.Hash,
		state.Held, state.Told, wait == "", min(since, 12*time.Second), min(seen, 6*time.Second), min(time.Duration(state.Spent), 12*time.Second), min(w.now.Sub(w.shownAt), lag),
		w.template, w.pods, w.ready, w.sick, w.young[state.Canary.Hash], w.selected, w.canaryTarget, w.weight, w.match, w.mirror, w.served, w.replicas, w.outside, w.rendered(), state.Warned)
}

// exploration is what became of all worlds up to a depth.
type exploration struct {
	worlds, edges int
	broken        []string
	ends          map[Phase]int
	stages        map[Stage]int
	// last are worlds of the last depth, to go on from.
	last []*world
}

// explore lets everything happen in every order, and looks at every world once.
func explore(start *world, most int) exploration {
	out := exploration{ends: map[Phase]int{}, stages: map[Stage]int{}}
	seen := map[string]bool{start.key(): true}
	front, events := []*world{start}, slices.Concat(events, outsides)
	if len(start.state.Analyses) > 0 {
		events = slices.Concat(events, opinions)
	}
	for len(front) > 0 && len(seen) < most {
		var next []*world
		for _, from := range front {
			if len(seen) >= most {
				break
			}
			for _, event := range events {
				w := from.clone()
				event.do(w)
				w.check()
				out.edges++
				if len(w.broken) > 0 {
					out.broken = append(out.broken, event.name+": "+w.broken[0])
					return out
				}
				if key := w.key(); !seen[key] {
					seen[key] = true
					out.stages[w.state.Stage]++
					if !w.state.InFlight() {
						out.ends[w.state.Phase]++
						continue
					}
					next = append(next, w)
				}
			}
		}
		front = next
	}
	out.worlds, out.last = len(seen), front
	return out
}

// corners are the worlds at each stage of a fair run, and of each way back from
// there: a search from the beginning alone does not come far.
func corners(start given, bug string) []*world {
	w := newWorld(start)
	w.bug = bug
	out := stops(w)
	for _, from := range slices.Clone(out) {
		if from.state.Reversible() {
			back := from.clone()
			back.write(RollBack(back.state, "a person asked for it", back.now))
			out = append(out, stops(back)...)
		}
	}
	known := map[string]bool{}
	return slices.DeleteFunc(out, func(w *world) bool {
		key := w.key()
		there := known[key]
		known[key] = true
		return there
	})
}

// stops are a world and, of its fair run, where each stage and step begins.
func stops(w *world) []*world {
	w = w.clone()
	out := []*world{w.clone()}
	for range 400 {
		for _, name := range fair {
			named(name).do(w)
			if a := w.state.Analyses; len(a) > 0 && a[0].Passed == 0 {
				w.say(Passed)
			}
			if last := out[len(out)-1].state; w.state.InFlight() && (w.state.Stage != last.Stage || w.state.Step != last.Step || w.state.Since != last.Since) {
				out = append(out, w.clone())
			}
		}
		if !w.state.InFlight() {
			break
		}
	}
	return out
}

// fair are the events of a world in which nothing goes wrong.
var fair = []string{"reconcile", "stock", "pods become ready", "time goes by", "continue"}

func named(name string) event {
	all := slices.Concat(events, outsides)
	return all[slices.IndexFunc(all, func(e event) bool { return e.name == name })]
}

// starts are the releases that are explored.
var starts = map[string]given{
	"canary":           {replicas: 2, strategy: Canary, steps: "50%,100%", surge: "25%", unavailable: "0"},
	"canary by group":  {replicas: 1, strategy: Canary, steps: "0%:pause,100%", match: "header:a=b", surge: "1", unavailable: "0"},
	"canary, mirrored": {replicas: 2, strategy: Canary, steps: "0%,100%", surge: "25%", unavailable: "0", mirror: 10},
	"canary, replace":  {replicas: 3, strategy: Canary, capacity: Replace, steps: "60%,100%", surge: "1", unavailable: "0"},
	"canary, no surge": {replicas: 3, strategy: Canary, capacity: Replace, steps: "50%,100%", surge: "0", unavailable: "1"},
	"canary, watched":  {replicas: 1, strategy: Canary, steps: "50%,100%", surge: "1", unavailable: "0", analysis: true},
	"blue-green":       {replicas: 2, strategy: BlueGreen, steps: BlueGreenSteps, surge: "25%", unavailable: "0"},
	"by Services":      {replicas: 2, strategy: BlueGreen, routeless: true, steps: BlueGreenSteps, surge: "25%", unavailable: "0"},
	"batch":            {replicas: 3, strategy: Batch, capacity: Replace, steps: "34%,100%", surge: "1", unavailable: "0"},
	"rolling update":   {replicas: 2, strategy: Rolling, surge: "1", unavailable: "0"},
}

// Every interleaving of events, crashes and lost writes, as deep as the worlds
// that are looked at allow, from the beginning and from every stage of every
// release: the invariants hold in each. From the deepest ones a fair world still
// comes to its end. No stage is left out.
func TestEveryInterleavingIsSafe(t *testing.T) {
	var total, edges atomic.Int64
	reached := map[Stage]int{}
	var mu sync.Mutex
	passed := t.Run("releases", func(t *testing.T) {
		for name, start := range starts {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				seen, corners := 0, corners(start, "")
				for i, from := range corners {
					most := worlds / 10
					if i == 0 {
						most = worlds / 2
					}
					got := explore(from, most)
					require.Empty(t, got.broken, "from %s", from.state)
					for i, w := range got.last {
						if i%100 == 0 {
							require.True(t, ends(w), "it does not end: %s %v %v %v", w.state, w.pods, w.ready, w.broken)
						}
					}
					seen += got.worlds
					total.Add(int64(got.worlds))
					edges.Add(int64(got.edges))
					mu.Lock()
					for stage, n := range got.stages {
						reached[stage] += n
					}
					mu.Unlock()
				}
				t.Logf("%d worlds from %d corners", seen, len(corners))
			})
		}
	})
	if !passed {
		return
	}
	t.Logf("%d worlds, %d events, by stage: %v", total.Load(), edges.Load(), reached)
	for _, one := range stageNames() {
		assert.Greater(t, reached[one], 50, "stage %s", one)
	}
}

// stageNames are all stages, of the ways on and back.
func stageNames() (names []Stage) {
	for _, one := range stages {
		names = append(names, one.stage)
	}
	return names
}

// ends tells whether a fair world comes to its end.
func ends(w *world) bool {
	w.heal()
	if w.state.Held {
		w.write(Hold(w.state, false, w.now))
	}
	for range 400 {
		for _, name := range fair {
			named(name).do(w)
			if a := w.state.Analyses; len(a) > 0 && a[0].Passed == 0 {
				w.say(Passed)
			}
			if w.check(); len(w.broken) > 0 {
				return false
			}
		}
		if !w.state.InFlight() {
			return true
		}
	}
	return false
}

// preludes are what has to happen at a corner before the bugs show that lie deep.
var preludes = map[string][]string{
	"young pods are overlooked":                {"reconcile", "stock", "reconcile", "pods become ready"},
	"no settle":                                {"reconcile", "reconcile"},
	"rendering is taken for granted":           {"the webhook goes, or comes back", "scale to 0"},
	"a Service that lost stable is overlooked": {"the Service loses stable, or finds it", "much time goes by"},
	"acceptance is overlooked":                 {"the route is not accepted, or is", "the strategy is taken off", "reconcile", "reconcile", "much time goes by", "reconcile"},
}

// The exploration finds each bug that is planted, in the release that has it.
func TestTheExplorationFindsPlantedBugs(t *testing.T) {
	for _, bug := range bugs {
		t.Run(bug, func(t *testing.T) {
			t.Parallel()
			where := "canary, replace"
			if strings.Contains(bug, "mirror") {
				where = "canary, mirrored"
			}
			if strings.Contains(bug, "evidence") {
				where = "canary, watched"
			}
			if strings.Contains(bug, "granted") {
				where = "batch"
			}
			assert.True(t, slices.ContainsFunc(corners(starts[where], bug), func(from *world) bool {
				for _, name := range preludes[bug] {
					named(name).do(from)
					from.check()
				}
				return len(from.broken) > 0 || len(explore(from, 3_000).broken) > 0
			}))
		})
	}
}
