// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import "fmt"

// outside is what people and the cluster have done to a world, and can undo.
type outside struct {
	routeGone, astray, unaccepted bool // the route
	serviceGone                   bool // the user's Service
	lost                          bool // which was changed, and leads to stable no more
	deaf                          bool // or to a port that the canary lacks
	quota                         bool // no pod more
	silent                        bool // the API server asks no webhook: what is written is not rendered
	// bare tells that the Service came back as its owner wrote it: until it is
	// narrowed, it leads to all pods.
	bare bool
	// undivided tells that the data plane has the route as its owner wrote it, or not
	// at all; divided that it was written since.
	undivided, divided bool
}

// outsides are the events that those are made of. What comes back is as its owner
// has it in git.
var outsides = []event{
	{"scale up", func(w *world) { w.scale(w.replicas + 1) }},
	{"scale down", func(w *world) { w.scale(max(w.replicas-1, 1)) }},
	{"scale to 0", func(w *world) { w.scale(0) }},
	{"stable falls sick, or gets well", func(w *world) {
		if w.sick["stable"] = !w.sick["stable"]; w.sick["stable"] {
			delete(w.ready, "stable")
		} else if w.pods["stable"] > 0 {
			w.ready["stable"] = w.pods["stable"]
		}
	}},
	{"the route goes, or comes back", func(w *world) {
		w.changes()
		w.routeGone, w.weight, w.match, w.mirror = !w.routeGone, -1, "", 0
		w.undivided, w.divided = true, false
	}},
	{"the route is led elsewhere, or back", func(w *world) { w.astray = !w.astray }},
	{"the route is not accepted, or is", func(w *world) {
		if w.unaccepted, w.shownAt = !w.unaccepted, w.now; w.unaccepted {
			w.reconcile(all) // its status wakes the controller: no refusal goes by unseen
		}
	}},
	{"the Service goes, or comes back", func(w *world) {
		if w.state.Divides() {
			w.changes()
			w.bare, w.serviceGone, w.selected = w.serviceGone && w.state.Target().Select != "", !w.serviceGone, ""
		}
	}},
	{"the Service loses stable, or finds it", func(w *world) { w.lost = !w.lost }},
	{"the canary lacks the Service's port, or has it", func(w *world) { w.deaf = !w.deaf }},
	{"a quota is full, or is not", func(w *world) { w.quota = !w.quota }},
	{"the webhook goes, or comes back", func(w *world) { w.silent = !w.silent }},
	{"skip", func(w *world) {
		if next, err := Act(w.state, ActionSkip, w.now); err == nil && !w.silent {
			w.write(next)
		}
	}},
	{"the strategy is taken off", func(w *world) {
		if w.state.Reversible() && !w.silent {
			w.write(RollBack(w.state, "the strategy canary was taken off", w.now))
		}
	}},
}

// changes starts the lag of what is shown next; what was shown before is not later for
// its sake.
func (w *world) changes() {
	if w.showing() == w.served {
		w.shownAt = w.now
	}
}

// heal undoes all of it. Where there is no way back, somebody mends the canary, too.
func (w *world) heal() {
	if w.state.Phase == Promoting && !w.state.Reversible() && w.sick["canary"] {
		delete(w.sick, "canary")
		w.ready["canary"] = w.pods["canary"]
	}
	for _, undo := range []struct {
		name string
		is   bool
	}{
		{"stable falls sick, or gets well", w.sick["stable"]}, {"the route goes, or comes back", w.routeGone},
		{"the route is not accepted, or is", w.unaccepted}, {"the Service goes, or comes back", w.serviceGone},
	} {
		if undo.is {
			named(undo.name).do(w)
		}
	}
	w.astray, w.lost, w.deaf, w.quota, w.silent = false, false, false, false, false
}

// helpless tells that the pods behind a selector fell sick: nobody can help those.
func (w *world) helpless(selected string) bool {
	return w.sick[selected] || (selected == "" && (w.sick["stable"] || w.sick["canary"]))
}

// seenOutside is what observe would read of it.
func (w *world) seenOutside(s *Snapshot) {
	overlooked := func(bug string) bool { return w.bug == bug }
	s.Rendered = w.rendered() || overlooked("rendering is taken for granted")
	if w.quota && w.pods[w.template] < w.replicas {
		s.Canary.Refused = "exceeded quota"
	}
	if w.sick["stable"] && overlooked("a sick stable is overlooked") {
		s.Stable.Ready = s.Stable.Replicas
	}
	for i := range s.Services {
		service := &s.Services[i]
		service.Exists = !w.serviceGone || overlooked("what is gone is overlooked")
		if w.serviceGone || w.lost && !overlooked("a Service that lost stable is overlooked") {
			service.Stable = 0
		}
		if w.sick["stable"] && overlooked("a sick stable is overlooked") {
			service.Stable = s.Stable.Ready
		}
		if w.deaf && !overlooked("ports are overlooked") && service.CanaryReady > 0 {
			service.CanaryReady, service.CanaryLacks = 0, "http"
		}
	}
	for i := range s.Routes {
		route := &s.Routes[i]
		route.Exists = !w.routeGone || overlooked("what is gone is overlooked")
		route.Accepted = !w.unaccepted || overlooked("acceptance is overlooked")
		if w.astray && !overlooked("what is gone is overlooked") {
			route.Astray = `Service "demo"`
		}
	}
}

// judge looks at one decision: what must not be decided in a world such as this.
func (w *world) judge(next State) {
	fail := func(format string, args ...any) {
		w.broken = append(w.broken, fmt.Sprintf(format, args...)+": "+w.state.String()+" becomes "+next.String())
	}
	further := w.state.Passes(next) && w.state.Stage == StageDwell
	nobody := (w.routeGone || w.astray) && len(w.state.Routes) > 0 || w.serviceGone
	if (further || (w.state.Stage == StageShift && next.Stage == StageDwell)) && w.state.Divides() && nobody {
		fail("a step counts that nobody serves")
	}
	gets := next.Weight > w.state.Weight || (next.Exposed && !w.state.Exposed)
	if ready := w.ready[next.Canary.Hash]; gets && w.state.Stage == StageScale && ready > 0 && w.young[next.Canary.Hash] >= ready {
		fail("a weight is given to pods that were not ready for long")
	}
	if w.deaf && w.state.Divides() && gets {
		fail("a weight is given to pods without the port")
	}
	share := w.replicas - max(carries(w.state.Weight, w.replicas), down(w.replicas, w.state.Give))
	if further && w.state.Divides() && w.state.Weight < 100 && (w.ready["stable"] < share || (w.lost && w.ready["stable"] > 0)) && w.state.Stable.Hash == "stable" {
		fail("a step is taken from a stable that does not carry its share")
	}
	if next.Reason == deadlineReason(waitStable, next.Timing.StepDeadline) && w.state.Stage != StagePrepare && next.Phase != w.state.Phase {
		fail("a sick stable is given all the traffic")
	}
}
