// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"time"

	"k8s.io/apimachinery/pkg/util/intstr"
)

// Need is how many of the replicas' pods carry a share of percent, at least one.
func Need(replicas int32, percent int) int32 {
	if replicas <= 0 {
		return 0
	}
	return max(1, up(replicas, percent))
}

// up and down are a percent of the replicas as the stock controller rounds a
// surge, and what may be unavailable.
func up(replicas int32, percent int) int32 {
	return int32((int64(replicas)*int64(percent) + 99) / 100) //nolint:gosec // both factors are bounded
}

func down(replicas int32, percent int) int32 {
	return int32(int64(replicas) * int64(percent) / 100) //nolint:gosec // both factors are bounded
}

// carries is how many of the replicas' pods a weight stands for: the most whose
// share is the weight, in whole percents.
func carries(weight int, replicas int32) int32 {
	if weight == 0 {
		return 0
	}
	return int32((int64(replicas)*int64(weight+1) - 1) / 100) //nolint:gosec // both factors are bounded
}

// room gives maxSurge and maxUnavailable of a held Deployment: the canary gets
// the sum of both, stable keeps the replicas without the second.
func (s State) room() (surge, unavailable intstr.IntOrString) {
	surge, unavailable = intstr.FromString(percent(s.Surge)), intstr.FromInt32(0)
	if s.Capped {
		surge = or(s.User.MaxSurge, intstr.FromString("25%"))
	}
	if s.Give > 0 {
		unavailable = intstr.FromString(percent(s.Give))
	}
	return surge, unavailable
}

// makeRoom opens the room for the step's canary. A capacity of replace takes what
// stable gives, and the rest within the user's own surge.
func (s State) makeRoom(replicas int32) State {
	size := s.size()
	if !s.replaces() {
		s.Surge, s.Capped, s.Give = size, false, 0
		return s
	}
	own := s.ownSurge(replicas)
	if s.lend(replicas) > 0 {
		return s.give(0, replicas)
	}
	missing := max(Need(replicas, size)-down(replicas, s.Give), 1)
	s.Surge = int(100*(missing-1)/replicas) + 1 // the least percent that rounds up to it
	s.Capped = own > 0 && up(replicas, s.Surge) >= own
	if own == 0 { // one pod more is better than none for stable
		s.Surge = 1
	}
	return s
}

// size is the canary's size at the step, in percent of the replicas. Pods beyond
// the share of the traffic are not to be had while stable gives them.
func (s State) size() int {
	if s.replaces() && s.Divides() {
		return max(s.Current().Weight, 1)
	}
	return s.asked()
}

// asked is the canary's size that the step asks for, in percent of the replicas:
// what it gets copies of has to be carried besides its weight.
func (s State) asked() int {
	step := s.Current()
	if step.Weight >= 100 {
		return step.Room()
	}
	return max(step.Room(), min(step.Weight+s.Mirror, 100))
}

// carried is how many canary pods do what as many stable pods did.
func (s Snapshot) carried() int32 {
	if s.State.Divides() {
		return min(s.canaryReady(), carries(s.State.Weight, s.Replicas))
	}
	return s.canaryReady()
}

// fits is how many canary pods there is room for.
func (s State) fits(replicas int32) int32 {
	surge, unavailable := s.room()
	most := scaled(surge, replicas, true) + scaled(unavailable, replicas, false)
	return min(replicas, max(most, 1)) // the stock controller makes 0 and 0 one unavailable
}

// give takes from stable what n canary pods, and the user's own maxUnavailable
// where nothing may surge, make up for. The room for more canary pods is shut.
func (s State) give(n, replicas int32) State {
	most := replicas
	if s.Divides() { // somebody calls stable's Service until the end
		most--
	}
	s.Give = max(s.Give, share(min(n+s.lend(replicas), most), replicas, s.Give))
	if down(replicas, s.Give) > 0 { // with 0 and 0 the stock controller would take one all the same
		s.Surge, s.Capped = 0, false
	}
	return s
}

// lend is how many pods may be missing in a rollout that may not surge.
func (s State) lend(replicas int32) int32 {
	if !s.replaces() || s.ownSurge(replicas) > 0 {
		return 0
	}
	n := max(1, scaled(or(s.User.MaxUnavailable, intstr.FromString("25%")), replicas, false))
	if s.Divides() && n >= replicas {
		return 0
	}
	return n
}

// need is how many ready canary pods the step asks for.
func (s Snapshot) need() int32 {
	state := s.State
	need := Need(s.Replicas, state.size())
	if state.Divides() {
		need = max(min(need, 1), need-state.lend(s.Replicas))
	}
	return need
}

// whole is how many ready pods carry everything.
func (s Snapshot) whole() int32 { return s.Replicas - s.State.lend(s.Replicas) }

func (s State) ownSurge(replicas int32) int32 {
	return scaled(or(s.User.MaxSurge, intstr.FromString("25%")), replicas, true)
}

// share is the percent that rounds down to n of the replicas. Where there is none
// it is less, unless nothing would move on from now.
func share(n, replicas int32, now int) int {
	most := int((100*n + replicas - 1) / replicas)
	if down(replicas, most) <= n {
		return most
	}
	if least := int(100 * n / replicas); least > now {
		return least
	}
	return most
}

func scaled(value intstr.IntOrString, replicas int32, roundUp bool) int32 {
	n, err := intstr.GetScaledValueFromIntOrPercent(&value, int(replicas), roundUp)
	if err != nil { // the API server let it pass, so this cannot happen
		return 0
	}
	return int32(min(max(n, 0), 1<<30))
}

func or(value *intstr.IntOrString, otherwise intstr.IntOrString) intstr.IntOrString {
	if value == nil {
		return otherwise
	}
	return *value
}

// ramp goes a part of the step: all the canary pods that there is room for carry
// what they can, so that stable may give as many.
func (s Snapshot) ramp(ready int32, now time.Time) outcome {
	state := s.State
	carry := min(int(100*(ready+state.lend(s.Replicas))/s.Replicas), state.Current().Weight)
	if state.Divides() && carry > state.Weight {
		return s.shift(carry, now)
	}
	if state.Divides() { // what it has already must be seen by the data plane first
		if wait := s.notInPlace(); wait != "" {
			return outcome{wait: wait}
		}
		if o, over := until(state.Since, time.Duration(state.Timing.Settle), now, stageWaits[StageScale]); !over {
			return o
		}
	}
	next := state.give(s.carried(), s.Replicas)
	if next.Give == state.Give {
		return outcome{wait: stageWaits[StageScale]}
	}
	next.Weight = max(carry, state.Weight)
	next = next.makeRoom(s.Replicas).enter(Stepping, StageScale, now)
	return outcome{next: &next}
}

// MinReady is how long a pod of the canary must have been ready to count at this
// stage: the user's own minReadySeconds before traffic follows it, and 0 elsewhere.
func (s State) MinReady() time.Duration {
	if s.Phase != Stepping || s.Stage != StageScale || s.User == nil {
		return 0
	}
	return time.Duration(s.User.MinReadySeconds) * time.Second
}
