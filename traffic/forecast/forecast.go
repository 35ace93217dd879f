// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package forecast

import (
	"time"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// Stop is a place where a rollout stays for a while.
type Stop struct {
	Phase rollout.Phase `json:"phase"`
	Stage rollout.Stage `json:"stage,omitempty"`
	// Step is the index of the step, from 0.
	Step int `json:"step"`
	// Weight is the canary's share of the traffic, in percent.
	Weight int `json:"weight"`
	// Stable and Canary are the pods of the versions.
	Stable int32 `json:"stable"`
	Canary int32 `json:"canary"`
	// After is how long after the start it begins, at the earliest, and For how long
	// it lasts.
	After time.Duration `json:"after"`
	For   time.Duration `json:"for"`
	// Person tells that it lasts until a person says continue.
	Person bool `json:"person,omitempty"`
}

// maxLooks bounds the looks at one rollout; a list of 32 steps takes some hundred.
const maxLooks = 10000

// Of gives the stops of a rollout that begins in a state with so many replicas,
// from the first to the one at which it is completed. What comes to the same as
// the stop before is a part of it. Whoever holds it is taken to let it go. Where a
// rule waits for what a cluster without trouble has not, the stops end there.
func Of(state rollout.State, replicas int32) []Stop {
	w := &world{state: state, replicas: replicas, stable: replicas, now: state.Since, start: state.Since}
	if state.Stable.Hash == "" {
		w.state.Stable = rollout.Version{ReplicaSet: "stable", Hash: "stable", Revision: "1"}
	}
	w.state.Held = false
	w.arrive()
	for range maxLooks {
		if !w.state.InFlight() || !w.look() {
			break
		}
	}
	return w.stops
}

// world is a cluster in which all goes well.
type world struct {
	state      rollout.State
	replicas   int32
	now, start time.Time
	// stable and canary are the pods that there are, all of them ready; the youngest of
	// the canary's have been so since born.
	stable, canary, young int32
	born                  time.Time
	stops                 []Stop
}

// look is what the controller would do now, and then time passes until there is
// something to do. It tells whether there will be.
func (w *world) look() bool {
	decision := rollout.Decide(w.snapshot(), w.now)
	if !decision.State.Equal(w.state) {
		w.state = decision.State
		w.arrive()
		return true
	}
	if next, err := rollout.Act(w.state, rollout.ActionContinue, w.now); err == nil && decision.After == 0 {
		w.stops[len(w.stops)-1].Person = true
		w.state = next
		return true
	}
	w.now = w.now.Add(decision.After)
	w.stops[len(w.stops)-1].For += decision.After
	return decision.After > 0
}

// arrive notes where the rollout is now.
func (w *world) arrive() {
	w.settle()
	now := Stop{
		Phase: w.state.Phase, Stage: w.state.Stage, Step: w.state.Step, Weight: w.state.Weight, Stable: w.stable, Canary: w.canary, After: w.now.Sub(w.start),
	}
	if last := len(w.stops) - 1; last >= 0 {
		before := &w.stops[last]
		if before.For == 0 && !before.Person {
			w.stops = w.stops[:last] // nobody sees what lasts no time
		} else if before.Phase == now.Phase && before.Step == now.Step && before.Weight == now.Weight && before.Stable == now.Stable && before.Canary == now.Canary {
			before.Stage = now.Stage
			return
		}
	}
	w.stops = append(w.stops, now)
}

// settle lets the stock controller follow the knobs that the state renders. While
// both versions are kept it makes new pods where there is room, takes old ones where
// they are given, and never the other way round.
func (w *world) settle() {
	switch {
	case !w.state.InFlight(), w.state.Stage == rollout.StageRelease, w.state.Stage == rollout.StageWiden:
		w.stable, w.canary = 0, w.replicas
		return
	case w.state.Stage == rollout.StagePrepare, w.state.Stage == rollout.StageRoll:
		return
	}
	knobs := w.state.Render()
	surge, unavailable := scaled(knobs.MaxSurge, w.replicas, true), scaled(knobs.MaxUnavailable, w.replicas, false)
	w.stable = min(w.stable, max(w.replicas-unavailable, 0))
	if room := min(w.replicas, w.replicas+surge-w.stable); room > w.canary {
		w.young, w.born = room-w.canary, w.now
		w.canary = room
	}
}

func scaled(value *intstr.IntOrString, replicas int32, roundUp bool) int32 {
	n, err := intstr.GetScaledValueFromIntOrPercent(value, int(replicas), roundUp)
	if err != nil { // the API server let it pass, so this cannot happen
		return 0
	}
	return int32(min(max(n, 0), 1<<30))
}

// snapshot shows the world as the state wishes it to be.
func (w *world) snapshot() rollout.Snapshot {
	stable, canary := w.stable, w.canary
	s := rollout.Snapshot{
		State: w.state, Replicas: w.replicas, Rendered: true, Observed: true, Finished: true,
		Newest: rollout.Version{ReplicaSet: "canary", Hash: "canary", Revision: "2"}, Measurements: map[string]rollout.Measurement{},
		Stable: rollout.Pods{Exists: true, Replicas: stable, Ready: stable},
		Canary: rollout.Pods{Exists: canary > 0, Replicas: canary, Ready: canary},
	}
	if available := w.born.Add(w.state.MinReady()); available.After(w.now) {
		s.Canary.Young, s.Canary.Next = w.young, available
	}
	if w.state.Stage == rollout.StagePrepare {
		s.Newest = rollout.Version{}
	}
	for _, a := range w.state.Measured() {
		s.Measurements[a.Name] = rollout.Measurement{At: w.now, Verdict: rollout.Passed}
	}
	target := w.state.Target()
	for _, name := range w.state.Services {
		service := rollout.Service{Name: name, Exists: true, InPlace: true, CanaryInPlace: true, CanaryReady: canary}
		for _, backend := range w.state.Backends {
			service.Backend = service.Backend || backend == name
		}
		if target.Select != w.state.Canary.Hash || target.Select == "" {
			service.Stable = stable
		}
		if target.Select != w.state.Stable.Hash {
			service.Canary = canary
		}
		s.Services = append(s.Services, service)
	}
	for _, name := range w.state.Routes {
		s.Routes = append(s.Routes, rollout.Route{Name: name, Exists: true, InPlace: true, Accepted: true})
	}
	return s
}
