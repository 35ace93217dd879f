// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// What holds a Deployment: pods become ready, so that they serve, but never
// available, so that the stock controller takes nothing away from stable.
const (
	// HoldMinReadySeconds is so long, in seconds, that no pod counts as available.
	HoldMinReadySeconds  int32 = 2147483646
	holdProgressDeadline int32 = 2147483647
)

// Knobs are the fields of a Deployment with which its stock controller is told
// how to roll. In flight they are rendered from the State; what the user wrote
// is kept in State.User.
type Knobs struct {
	Paused                  bool   `json:"paused,omitempty"`
	MinReadySeconds         int32  `json:"minReadySeconds,omitempty"`
	ProgressDeadlineSeconds *int32 `json:"progressDeadlineSeconds,omitempty"`
	// MaxSurge and MaxUnavailable are nil where the field is absent.
	MaxSurge       *intstr.IntOrString `json:"maxSurge,omitempty"`
	MaxUnavailable *intstr.IntOrString `json:"maxUnavailable,omitempty"`
}

// KnobsOf reads the knobs of a Deployment.
func KnobsOf(d *appsv1.Deployment) Knobs {
	k := Knobs{
		Paused:                  d.Spec.Paused,
		MinReadySeconds:         d.Spec.MinReadySeconds,
		ProgressDeadlineSeconds: d.Spec.ProgressDeadlineSeconds,
	}
	if ru := d.Spec.Strategy.RollingUpdate; ru != nil {
		k.MaxSurge, k.MaxUnavailable = ru.MaxSurge, ru.MaxUnavailable
	}
	return k
}

// Released are the knobs without a hold of which nobody knows any more what the
// user wrote: then the defaults, and stable stays whole.
func (k Knobs) Released() Knobs {
	if k.MinReadySeconds != HoldMinReadySeconds {
		k.Paused = false
		return k
	}
	surge, unavailable, deadline := intstr.FromString("25%"), intstr.FromInt32(0), int32(600)
	return Knobs{ProgressDeadlineSeconds: &deadline, MaxSurge: &surge, MaxUnavailable: &unavailable}
}

// Put writes the knobs into a Deployment with a rolling update strategy.
func (k Knobs) Put(d *appsv1.Deployment) {
	d.Spec.Paused = k.Paused
	d.Spec.MinReadySeconds = k.MinReadySeconds
	d.Spec.ProgressDeadlineSeconds = k.ProgressDeadlineSeconds
	if d.Spec.Strategy.RollingUpdate == nil {
		if k.MaxSurge == nil && k.MaxUnavailable == nil {
			return
		}
		d.Spec.Strategy.RollingUpdate = &appsv1.RollingUpdateDeployment{}
	}
	d.Spec.Strategy.RollingUpdate.MaxSurge = k.MaxSurge
	d.Spec.Strategy.RollingUpdate.MaxUnavailable = k.MaxUnavailable
}

// Equal tells whether both say the same.
func (k Knobs) Equal(other Knobs) bool {
	return k.Paused == other.Paused && k.MinReadySeconds == other.MinReadySeconds &&
		equalPointer(k.ProgressDeadlineSeconds, other.ProgressDeadlineSeconds) &&
		equalPointer(k.MaxSurge, other.MaxSurge) && equalPointer(k.MaxUnavailable, other.MaxUnavailable)
}

// Render gives the knobs that a Deployment in this state has.
func (s State) Render() Knobs {
	if s.User == nil {
		return Knobs{}
	}
	if !s.holdsPods() {
		knobs := *s.User
		knobs.Paused = knobs.Paused || (s.Stage == StageRoll && s.Held)
		return knobs
	}
	surge, unavailable := s.room()
	deadline := holdProgressDeadline
	return Knobs{
		Paused:                  s.gated() || s.Held,
		MinReadySeconds:         HoldMinReadySeconds,
		ProgressDeadlineSeconds: &deadline,
		MaxSurge:                &surge,
		MaxUnavailable:          &unavailable,
	}
}

// gated tells whether the gate is shut: until the traffic is ready for new pods,
// and on the way back from there.
func (s State) gated() bool {
	return s.Stage == StagePrepare || (s.HoldsTemplate() && s.Canary.Hash == "")
}

// holdsPods tells whether stable and canary are kept side by side.
func (s State) holdsPods() bool {
	switch s.Stage {
	case StageRoll, StageRelease, StageWiden, StageRestore:
		return false
	default:
		return s.InFlight()
	}
}

// Wish merges what a requester sends for the knobs of a Deployment in flight
// into the user's own: a value that differs from what the live object shows is a
// wish, one that equals it was only carried along. Pause is not among them; it
// is a word to the rollout (State.Held).
func (s State) Wish(live, incoming Knobs) Knobs {
	wish := *s.User
	if incoming.MinReadySeconds != live.MinReadySeconds {
		wish.MinReadySeconds = incoming.MinReadySeconds
	}
	if !equalPointer(incoming.ProgressDeadlineSeconds, live.ProgressDeadlineSeconds) {
		wish.ProgressDeadlineSeconds = incoming.ProgressDeadlineSeconds
	}
	if !equalPointer(incoming.MaxSurge, live.MaxSurge) {
		wish.MaxSurge = incoming.MaxSurge
	}
	if !equalPointer(incoming.MaxUnavailable, live.MaxUnavailable) {
		wish.MaxUnavailable = incoming.MaxUnavailable
	}
	return wish
}

func equalPointer[T comparable](a, b *T) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
