// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package batch

import (
	"fmt"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// Target is what a State promises about the Services.
type Target struct {
	// Select is the controller-revision-hash that they are narrowed to; empty
	// means that they select what the user wrote.
	Select string
}

// Target gives the promise of the state. It is the whole of what the controller
// writes besides the state, so two controllers that read the same state write the
// same.
func (s State) Target() Target {
	if !s.InFlight() || !s.Divides() {
		return Target{}
	}
	return Target{Select: s.hash(s.Serve)}
}

// RefuseScale says why a StatefulSet in flight cannot go from so many replicas to
// others: those that go first are the new ones, which may be all that its Services
// lead to.
func (s State) RefuseScale(from, replicas int32) error {
	narrowed := (s.Serve == New && s.Phase == rollout.Stepping) || s.Stage == StageReturn
	if !narrowed || !s.ordinal() || replicas == 0 || replicas > s.confirmed(from) {
		return nil
	}
	return fmt.Errorf("cannot scale to %d replicas: the Services lead to the new pods alone, from ordinal %d on, and those would be the first to go; finish first, or go back:\n  kubectl annotate statefulset NAME %s=%s", replicas, s.confirmed(from), rollout.ActionAnnotation, rollout.ActionRollback)
}

// confirmed is the ordinal from which on pods are new by a batch that is ready.
func (s State) confirmed(replicas int32) int32 {
	if s.Stage != StageBatch || s.Step == 0 {
		return s.Partition
	}
	return max(s.Partition, replicas-rollout.Need(replicas, s.at(s.Step-1).Room()))
}

// serve is the version that the Services are to lead to while the batch takes
// pods: the old one while enough of it stays, the new one once it has all the
// traffic or at least half of the pods, and else whoever is ready.
func (s Snapshot) serve() Role {
	left := s.left()
	old, _ := s.staying(left)
	fresh := s.ready(New)
	switch {
	case s.State.Serve == New && fresh > 0:
		return New
	case left > 0 && old > 0 && (s.State.Serve == Old || 2*old >= left):
		return Old
	case left == 0 && 2*fresh >= s.Replicas:
		return New
	default:
		return Everyone
	}
}

// back is the version that the Services are to lead to on the way back: the old
// one, if it has at least half of the pods.
func (s Snapshot) back() Role {
	if old := s.ready(Old); old > 0 && 2*old >= s.Replicas {
		return Old
	}
	return Everyone
}

// turns tells whether the batch gets all the traffic now that it is ready. After
// the last one there is nothing to turn away from.
func (s Snapshot) turns() bool {
	due := s.State.Current().Weight >= max(1, s.State.Turn)
	return s.State.Divides() && s.State.Serve != New && due && s.left() > 0
}

// deserted tells whether the Services are narrowed to pods of which none serves,
// or will once the batch has taken those that it takes.
func (s Snapshot) deserted() bool {
	if s.State.Serve == Everyone || !s.State.Divides() || s.Replicas == 0 {
		return false
	}
	if s.State.Serve == Old && s.State.Phase == rollout.Stepping {
		ready, _ := s.staying(s.State.Partition)
		return ready == 0
	}
	return s.ready(s.State.Serve) == 0
}
