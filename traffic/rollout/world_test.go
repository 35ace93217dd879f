// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"maps"
	"time"

	"k8s.io/apimachinery/pkg/util/intstr"
)

// world is a small cluster: the stock controller of a Deployment by its own
// rules, one Service with its endpoints, one route, and a data plane that follows
// both late. Admission renders a state in the write that carries it, as it does
// in the real one.
type world struct {
	now      time.Time
	replicas int32
	state    State
	template string
	// what is running, by version; ready is a part of pods, sick versions never
	// become ready.
	pods, ready map[string]int32
	sick        map[string]bool
	// young are the ready pods that were made so since time went by.
	young map[string]int32
	// what the neighbours show.
	selected     string // hash, "" is the user's own
	canaryTarget string // hash of the canary's Service, "" is none
	weight       int    // -1: the route leads to the Service alone
	match        string
	mirror       int
	// what the data plane serves by, some time behind what is shown.
	served  view
	shownAt time.Time
	broken  []string
	bug     string
	// closed is a window that is not open.
	closed bool
	// measured is what the analyses said last.
	measured map[string]Measurement
	outside
	// shows are the knobs that the Deployment shows: those of the last write that
	// admission rendered.
	shows Knobs
}

// view is what the data plane has of the route and the two Services' selectors.
type view struct {
	weight           int
	match            string
	mirror           int
	selected, canary string
}

const (
	settle = 5 * time.Second
	// lag is how long the data plane may be behind; less than settle.
	lag = 2 * time.Second
)

// given is what a walk starts with.
type given struct {
	replicas           int32
	strategy, capacity string
	steps, match       string
	surge, unavailable string
	// routeless releases are by Services alone.
	routeless bool
	// mirror is the share of copies, in percent.
	mirror int
	// analysis watches it.
	analysis bool
}

func newWorld(g given) *world {
	surge, unavailable := intstr.Parse(g.surge), intstr.Parse(g.unavailable)
	user := Knobs{MinReadySeconds: 5, MaxSurge: &surge, MaxUnavailable: &unavailable}
	w := &world{
		now: time.Unix(1_800_000_000, 0), replicas: g.replicas, template: "canary", weight: -1, served: view{weight: -1},
		pods: map[string]int32{"stable": g.replicas}, ready: map[string]int32{"stable": g.replicas}, sick: map[string]bool{}, young: map[string]int32{},
	}
	plan := State{
		Strategy: g.strategy, Capacity: g.capacity, Steps: g.steps, Match: g.match, Mirror: g.mirror, Stable: version("stable"), User: &user,
		Timing: Timing{Settle: Duration(settle), ScaleDownDelay: Duration(10 * time.Second), StepDeadline: Duration(5 * time.Minute)},
	}
	if g.strategy == Canary || g.strategy == BlueGreen {
		plan.Services, plan.Backends, plan.Routes = []string{"demo"}, []string{"demo"}, []string{"httproute/demo"}
	}
	if g.analysis {
		plan.Analyses = []Analysis{{Name: "success-rate", Interval: Duration(settle)}}
	}
	if g.routeless {
		plan.Routes = nil
	}
	w.state = Begin(plan, w.now)
	w.render()
	return w
}

// canaryWorld is where a plain canary starts.
func canaryWorld(replicas int32, steps string) *world {
	return newWorld(given{replicas: replicas, strategy: Canary, steps: steps, surge: "25%", unavailable: "0"})
}

func version(name string) Version { return Version{ReplicaSet: name, Hash: name, Revision: "1"} }

// snapshot is what observe would read.
func (w *world) snapshot() Snapshot {
	target := w.state.Target()
	s := Snapshot{State: w.state, Replicas: w.replicas, Rendered: true, Observed: true, Stable: w.count(w.state.Stable), Canary: w.count(w.state.Canary), Measurements: w.measured}
	if w.bug == "no evidence is asked for" {
		s.State.Analyses = nil
	}
	if _, there := w.pods[w.template]; there || w.template == "stable" {
		s.Newest = version(w.template)
	}
	if w.closed && w.bug != "a closed way is gone" {
		s.Closed = Closed{Why: "the window opens"}
	}
	s.Finished = w.total() == w.replicas && w.ready[w.template] == w.replicas
	if w.sick[w.template] && w.state.Stage == StageRoll && w.now.Sub(w.state.Since) > time.Minute {
		s.Stuck = "ProgressDeadlineExceeded"
	}
	w.seenNeighbours(&s, target)
	w.seenOutside(&s)
	return s
}

// seenNeighbours is what observe would read of the Service and the route.
func (w *world) seenNeighbours(s *Snapshot, target Target) {
	if !w.state.Divides() {
		return
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
		service.CanaryInPlace = w.canaryTarget == "" || w.bug == "the canary's Service stays"
	case CanaryServiceSelect:
		service.CanaryInPlace = w.canaryTarget == w.state.Canary.Hash
	}
	if w.canaryTarget != "" {
		service.CanaryReady = w.ready[w.canaryTarget]
	}
	s.Services = []Service{service}
	if len(w.state.Routes) == 0 {
		return
	}
	weight, match, mirror := shown(target)
	mirrors := w.mirror == mirror || w.mirrorStays()
	s.Routes = []Route{{Name: "demo", Exists: true, Accepted: true, InPlace: w.weight == weight && w.match == match && mirrors}}
}

// mirrorStays is a bug on the way back.
func (w *world) mirrorStays() bool {
	return w.bug == "the mirror stays" && w.state.Phase == RollingBack
}

func shown(t Target) (weight int, match string, mirror int) {
	if !t.Split {
		return -1, "", 0
	}
	return t.Weight, t.Match, t.Mirror
}

func (w *world) count(v Version) Pods {
	pods := Pods{Exists: v.Hash != "", Replicas: w.pods[v.Hash], Ready: w.ready[v.Hash]}
	if young := min(w.young[v.Hash], pods.Ready); young > 0 && w.state.MinReady() > 0 && w.bug != "young pods are overlooked" {
		pods.Young, pods.Next = young, w.now.Add(w.state.MinReady())
	}
	return pods
}

func (w *world) total() (n int32) {
	for _, pods := range w.pods {
		n += pods
	}
	return n
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

// all are the writes of a look at the world: Service, canary's Service, route.
const all = 1<<3 - 1

// reconcile does what the controller does: the state, or what it promises, of
// which the writes are made that a mask names. The others are lost, as in a crash
// between them, or by a conflict that nobody saw.
func (w *world) reconcile(writes int) {
	next := w.planted(Decide(w.snapshot(), w.now).State)
	if !next.Equal(w.state) {
		if w.closed && w.state.Passes(next) {
			w.broken = append(w.broken, "it goes forward where the way is closed: "+next.String())
		}
		w.judge(next)
		w.write(next)
		return
	}
	if w.state.InFlight() && !w.rendered() {
		w.write(w.state) // admission is asked again
	}
	if !w.state.Divides() {
		return
	}
	target := w.state.Target()
	if w.bug == "the canary's Service stays" && target.Canary == CanaryServiceAbsent {
		target.Canary = CanaryServiceKeep
	}
	for i, write := range []func(){
		func() {
			if w.bug != "no narrowing" && !w.silent && !w.serviceGone {
				w.selected, w.bare = target.Select, false
			}
		},
		func() {
			switch target.Canary {
			case CanaryServiceAbsent:
				w.canaryTarget = ""
			case CanaryServiceSelect:
				if !w.serviceGone { // it is made from the user's
					w.canaryTarget = w.state.Canary.Hash
				}
			}
		},
		func() {
			if len(w.state.Routes) == 0 || w.silent || w.routeGone {
				return
			}
			mirror := w.mirror
			w.divided = true
			if w.weight, w.match, w.mirror = shown(target); w.mirrorStays() {
				w.mirror = max(w.mirror, mirror)
			}
		},
	} {
		if writes&(1<<i) == 0 {
			continue
		}
		before := w.showing()
		write()
		if w.showing() != before {
			w.shownAt = w.now
		}
	}
}

// planted is a decision with the world's bug in it.
func (w *world) planted(next State) State {
	switch {
	case w.bug == "no settle" && !next.Seen.IsZero():
		next.Seen = next.Seen.Add(-time.Hour)
	case w.bug == "stable gives at once" && next.Stage == StageShift && next.replaces():
		next = next.give(w.ready["canary"], w.replicas)
	case w.bug == "weight before pods" && next.Stage == StageScale && next.Canary.Hash != "":
		next.Weight, next.Exposed = next.Current().Weight, true
	case w.bug == "mirror before pods" && next.Stage == StageScale && next.Canary.Hash != "" && next.Match == "":
		next.Exposed = true
	case w.bug == "no evidence is asked for":
		next.Analyses = w.state.Analyses
	case w.bug == "it waits in silence" && next.Equal(w.state):
		next.Wait = ""
	}
	return next
}

func (w *world) showing() view {
	return view{weight: w.weight, match: w.match, mirror: w.mirror, selected: w.selected, canary: w.canaryTarget}
}

// write is a state's write, with its rendering where admission is asked.
func (w *world) write(next State) {
	if !next.InFlight() && w.state.User != nil && !w.silent {
		w.shows = *w.state.User
	}
	w.state = next
	if next.InFlight() && !w.silent {
		w.render()
	}
}

// render is what admission makes of the state in flight.
func (w *world) render() {
	if w.wantsStable() {
		w.template = w.state.Stable.Hash
	}
	w.shows = w.state.Render()
}

func (w *world) wantsStable() bool { return w.state.Phase == RollingBack && !w.state.HoldsTemplate() }

// rendered tells whether the Deployment shows what its state asks for.
func (w *world) rendered() bool {
	return !w.state.InFlight() || (w.shows.Equal(w.state.Render()) && (!w.wantsStable() || w.template == w.state.Stable.Hash))
}

// apply is a person's other template.
func (w *world) apply(template string) {
	switch {
	case template == w.template, w.state.Stable.Hash != "stable", w.silent:
	case template == "stable":
		if w.state.Reversible() {
			w.write(RollBack(w.state, "undo", w.now))
		}
	case w.state.InFlight() && w.state.Phase != RollingBack:
		if next, err := Again(w.state, w.state, w.now); err == nil {
			w.template = template
			w.write(next)
		}
	}
}

// stock is one pass of the stock controller over the Deployment: up to the most
// pods, then down as far as enough are available.
func (w *world) stock() {
	knobs := w.shows
	if knobs.Paused {
		w.wholeAgain() // scaling works on a paused Deployment, and so does 5.4
		return
	}
	surge, unavailable := scaled(*knobs.MaxSurge, w.replicas, true), scaled(*knobs.MaxUnavailable, w.replicas, false)
	if surge == 0 && unavailable == 0 {
		unavailable = 1
	}
	w.wholeAgain()
	if room := w.replicas + surge - w.total(); room > 0 && !w.quota {
		w.pods[w.template] += min(room, max(w.replicas-w.pods[w.template], 0))
	}
	available := w.ready[w.template]
	if knobs.MinReadySeconds == HoldMinReadySeconds {
		available = 0
	}
	spare := w.total() - (w.replicas - unavailable) - (w.pods[w.template] - available)
	if w.bug == "surge takes stable" && knobs.MinReadySeconds == HoldMinReadySeconds {
		spare++
	}
	for _, name := range []string{"third", "canary", "stable"} { // what is not available goes first, and held pods never are
		healthy := w.ready[name]
		if name != w.state.Stable.Hash && w.state.Strategy != Rolling {
			healthy = 0
		}
		if name != w.template {
			spare -= w.remove(name, min(spare, w.pods[name]-healthy))
		}
	}
	for _, name := range []string{"stable", "canary", "third"} {
		if name != w.template {
			spare -= w.remove(name, spare)
		}
	}
}

// wholeAgain is what the stock controller does first: more pods than asked for by
// one version alone go, and old ones go once the newest is whole.
func (w *world) wholeAgain() {
	if w.pods[w.template] > w.replicas {
		w.remove(w.template, w.pods[w.template]-w.replicas)
	}
	if stable := w.state.Stable.Hash; w.template == stable && w.pods[stable] >= w.replicas && w.ready[stable] >= w.replicas {
		for name, n := range maps.Clone(w.pods) {
			if name != stable {
				w.remove(name, n)
			}
		}
	}
}

// remove takes pods away, those that are not ready first.
func (w *world) remove(name string, n int32) int32 {
	n = min(max(n, 0), w.pods[name])
	w.pods[name] -= n
	w.ready[name] = min(w.ready[name], w.pods[name])
	w.young[name] = min(w.young[name], w.ready[name])
	if w.pods[name] == 0 {
		delete(w.pods, name)
		delete(w.ready, name)
		delete(w.young, name)
	}
	return n
}

func (w *world) becomeReady() {
	for name, n := range w.pods {
		if more := n - w.ready[name]; !w.sick[name] && more > 0 {
			w.ready[name] = n
			w.young[name] += more
		}
	}
}

func (w *world) pass(d time.Duration) {
	w.now = w.now.Add(d)
	clear(w.young)
	if w.now.Sub(w.shownAt) >= lag {
		last := w.served
		if w.served = w.showing(); w.unaccepted && !w.routeGone { // endpoints follow all the same
			w.served.weight, w.served.match, w.served.mirror = last.weight, last.match, last.mirror
		} else if w.divided {
			w.undivided = false
		}
	}
}

// check looks at the invariants that no state of the world may break.
func (w *world) check() {
	fail := func(format string, args ...any) {
		w.broken = append(w.broken, fmt.Sprintf(format, args...)+" in "+w.state.String()+fmt.Sprintf(" pods %v ready %v served %+v", w.pods, w.ready, w.served))
	}
	turned := w.state.Phase == RollingBack && w.state.Seen.IsZero() // in admission; the next look tells it
	if w.state.InFlight() && w.state.Wait == "" && w.state.Stage != StagePrepare && w.state.Stage != StageRoll && !turned {
		fail("it waits without saying so")
	}
	if !w.state.InFlight() && (w.selected != "" || w.weight != -1 || w.match != "" || w.mirror != 0 || w.canaryTarget != "") {
		fail("ended is not restored")
	}
	if !w.state.InFlight() && w.shows.MinReadySeconds == HoldMinReadySeconds {
		fail("ended is still held")
	}
	if a := w.state.Analyses; w.state.Phase == Promoting && len(a) > 0 && !a[0].DryRun && !a[0].Compares && (a[0].Last == nil || a[0].Last.Verdict != Passed) {
		fail("it is promoted without evidence")
	}
	if w.replicas == 0 || !w.state.Divides() || w.serviceGone {
		return
	}
	if (w.served.weight > 0 || w.served.match != "" || w.served.mirror > 0) && w.ready[w.served.canary] == 0 && !w.sick[w.served.canary] {
		fail("traffic goes to no pod of the canary")
	}
	if w.served.mirror > 0 && w.served.weight >= 100 {
		fail("the canary gets copies of what it answers")
	}
	if w.served.weight >= 100 {
		return
	}
	ready := w.endpoints(w.selected)
	if len(ready) == 0 && !w.helpless(w.selected) { // nobody can help pods that fall sick all at once
		fail("the Service leads to no pod")
	}
	if len(w.endpoints(w.served.selected)) == 0 && !w.helpless(w.served.selected) {
		fail("the Service still leads to pods that were taken away")
	}
	if share := max(w.served.weight, 0); !w.sick["stable"] && !w.undivided && ready["stable"] < w.replicas-carries(share, w.replicas)-w.state.lendOr0(w.replicas) && len(ready) == 1 && w.selected == "stable" {
		fail("stable cannot carry its share: %d pods for %d%%", ready["stable"], 100-share)
	}
	if unasked := w.state.Canary.Hash; !w.bare && w.state.Phase == Stepping && unasked != "" && ready[unasked] > 0 {
		fail("canary pods get traffic that nobody gave them")
	}
}

func (s State) lendOr0(replicas int32) int32 {
	if s.User == nil {
		return 0
	}
	return s.lend(replicas)
}
