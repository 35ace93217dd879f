// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"cmp"
	"fmt"
	"strings"
)

// Event is a sentence of the story that a rollout tells on its Deployment.
type Event struct {
	// Reason is a CamelCase word; the sentences of one reason look alike.
	Reason  string
	Message string
	// Warning tells that a person may want to look.
	Warning bool
	// Wait is the kind of the wait that is told; empty where none is.
	Wait WaitKind
}

func eventStarted(s State) *Event {
	return &Event{Reason: "RolloutStarted", Message: fmt.Sprintf("%s; stable is %s", s.Words(), s.Stable.ReplicaSet)}
}

func eventWaiting(s State) *Event {
	return &Event{Reason: "RolloutWaiting", Warning: needsHelp(s.Wait), Wait: KindOfWait(s.Wait), Message: fmt.Sprintf("%s until %s", s.where(), s.Wait)}
}

func eventStep(s State) *Event {
	return &Event{Reason: "StepStarted", Message: fmt.Sprintf("%s: room for %d%% of the pods", s.where(), s.asked())}
}

func eventShift(s State) *Event {
	if len(s.Routes) == 0 {
		return &Event{Reason: "PodsChanged", Message: fmt.Sprintf("%s: %s has its pods", s.where(), s.Canary.ReplicaSet)}
	}
	return &Event{Reason: "TrafficShifted", Message: fmt.Sprintf("%s: %s to %s", s.where(), s.led(), s.Canary.ReplicaSet)}
}

func eventUnready(s State) *Event {
	return &Event{Reason: "CanaryUnready", Warning: true, Message: fmt.Sprintf("%s: fewer canary pods are ready than %d%% of the traffic needs", s.where(), s.Weight)}
}

// eventStableUnready tells why stable does not carry its share: pods of it, or what
// leads to them.
func eventStableUnready(s State) *Event {
	if s.Wait != waitStable {
		return eventWaiting(s)
	}
	return &Event{Reason: "StableUnready", Warning: true, Wait: KindOfWait(s.Wait), Message: fmt.Sprintf("%s: fewer stable pods are ready than %d%% of the traffic needs", s.where(), 100-s.Weight)}
}

func eventPromoting(s State) *Event {
	return &Event{Reason: "RolloutPromoting", Message: fmt.Sprintf("%s becomes stable", s.Canary.ReplicaSet)}
}

func eventReleased(s State) *Event {
	return &Event{Reason: "StableReleased", Message: fmt.Sprintf("the pods of %s are let go", s.Stable.ReplicaSet)}
}

func eventRollingBack(s State) *Event {
	return &Event{Reason: "RolloutRollingBack", Warning: true, Message: fmt.Sprintf("going back to %s: %s", s.Stable.ReplicaSet, s.Reason)}
}

func eventRestoring(s State) *Event {
	return &Event{Reason: "TrafficWithdrawn", Message: fmt.Sprintf("all traffic is on %s; its template is restored", s.Stable.ReplicaSet)}
}

func eventEnded(s State) *Event {
	if s.Phase == RolledBack {
		return &Event{Reason: "RolloutRolledBack", Warning: true, Message: fmt.Sprintf("back on %s: %s", s.Stable.ReplicaSet, s.Reason)}
	}
	return &Event{Reason: "RolloutCompleted", Message: fmt.Sprintf("%s serves all traffic", s.Canary.ReplicaSet)}
}

// led names what goes to the canary.
func (s State) led() string {
	text := "no traffic"
	switch {
	case s.Weight > 0:
		text = percent(s.Weight) + " of the traffic"
	case s.Match != "":
		text = "the requests with " + s.Match
	}
	switch mirrored := s.mirrored(); {
	case mirrored == 0:
		return text
	case s.Weight == 0 && s.Match == "":
		return "copies of " + percent(mirrored) + " of the requests"
	default:
		return text + " and copies of " + percent(mirrored)
	}
}

// Words names the release for a person.
func (s State) Words() string {
	if s.Strategy == Rolling {
		return "rolling update, watched"
	}
	text := cmp.Or(s.Strategy, Canary) + " " + s.Steps
	if s.Match != "" {
		text += ", and the requests with " + s.Match
	}
	if s.Mirror > 0 {
		text += ", with copies of " + percent(s.Mirror) + " of the requests"
	}
	if names := s.Analyses.Guards(); len(names) > 0 {
		text += ", guarded by " + strings.Join(names, ", ")
	}
	if s.replaces() {
		text += ", within the replicas and their maxSurge"
	}
	return text
}

// where names the place of the rollout for a person.
func (s State) where() string {
	if s.Phase != Stepping || s.Stage == StageRoll {
		return string(s.Phase)
	}
	return fmt.Sprintf("step %d of %d (%s)", s.Step+1, len(s.StepList()), s.Current())
}
