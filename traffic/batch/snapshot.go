// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package batch

import (
	"slices"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// Snapshot is everything that Decide looks at: one reading of the world. What is
// absent is data here (Exists is false), never an error.
type Snapshot struct {
	State State
	// Replicas is what a StatefulSet asks for, and on how many nodes a DaemonSet
	// is to run.
	Replicas int32
	// Rendered tells whether the workload shows the knobs, and the template, that
	// State asks for; it does not where admission was not called.
	Rendered bool
	// Observed tells whether the stock controller has seen the workload as it is.
	Observed bool
	// Newest is the version of the workload's template: a StatefulSet's
	// status.updateRevision, of a DaemonSet the ControllerRevision with that
	// template. Zero until it is there.
	Newest Version
	// Updated is how many pods of Newest the stock controller counts.
	Updated int32
	// Refused says why pods cannot be made, as a quota does; empty when they can.
	Refused  string
	Pods     []Pod
	Services []Service
	// Closed is what closes the way forward; Hasty tells that an emergency lifts
	// Timing.MinStep.
	Closed rollout.Closed
	Hasty  bool
	// Measurements are the newest of each analysis, by its name.
	Measurements map[string]rollout.Measurement
}

// Pod is one pod of the workload.
type Pod struct {
	Name string
	// UID goes with a deletion as its precondition: the pod that follows one of a
	// StatefulSet has the same name.
	UID string
	// Node is where a DaemonSet's pod runs.
	Node string
	// Ordinal is the pod's place in its StatefulSet, from 0: spec.ordinals.start
	// is taken off, as the stock controller does for the partition.
	Ordinal int32
	// Hash is the value of its label controller-revision-hash.
	Hash string
	// Ready tells whether it serves; Available, whether it has for minReadySeconds.
	Ready, Available bool
	// Leaving tells that its deletion has begun.
	Leaving bool
}

// Service is a Service that selects the workload's pods.
type Service struct {
	Name   string
	Exists bool
	// InPlace tells whether it selects what the state's Target says, and whether
	// its endpoints are those pods alone.
	InPlace bool
	// By names another workload whose rollout has the Service; empty where none has.
	By string
	// Other counts its ready endpoints that are not of this workload.
	Other int32
}

// count is how many pods fit.
func (s Snapshot) count(fits func(Pod) bool) (n int32) {
	for _, pod := range s.Pods {
		if fits(pod) {
			n++
		}
	}
	return n
}

// ready is how many pods of a role serve.
func (s Snapshot) ready(role Role) int32 {
	hash := s.State.hash(role)
	return s.count(func(p Pod) bool { return hash != "" && p.Hash == hash && p.Ready && s.lives(p) })
}

// changed is how many new pods are available, by what anybody counts.
func (s Snapshot) changed() int32 {
	hash := s.State.Canary.Hash
	n := s.count(func(p Pod) bool { return hash != "" && p.Hash == hash && p.Available && s.lives(p) })
	if s.Newest == s.State.Canary {
		n = min(n, s.Updated)
	}
	return n
}

// lives tells whether nobody takes the pod away: a StatefulSet's that is beyond
// the replicas is as good as gone.
func (s Snapshot) lives(p Pod) bool {
	return !p.Leaving && (!s.State.ordinal() || p.Ordinal < s.Replicas)
}

// want is how many pods are to be new in the current batch.
func (s Snapshot) want() int32 {
	want := rollout.Need(s.Replicas, s.State.Current().Room())
	return max(min(want, s.Replicas-s.State.bound()), 0)
}

// left is how many pods are still old after the current batch.
func (s Snapshot) left() int32 { return s.Replicas - s.want() }

// stays tells whether no batch so far takes the pod.
func (s Snapshot) stays(p Pod, partition int32) bool {
	return s.lives(p) && p.Hash == s.State.Stable.Hash && (!s.State.ordinal() || p.Ordinal < partition)
}

// staying is how many old pods below a partition serve, and how many do not.
func (s Snapshot) staying(partition int32) (ready, unready int32) {
	ready = s.count(func(p Pod) bool { return s.stays(p, partition) && p.Ready })
	unready = s.count(func(p Pod) bool { return s.stays(p, partition) && !p.Ready })
	return ready, unready
}

// foreign is how many pods, of those that may change, are not of a version; those
// that leave are counted until they are gone.
func (s Snapshot) foreign(v Version) int32 {
	return s.count(func(p Pod) bool {
		return p.Hash != v.Hash && p.Ordinal >= s.State.bound() && (!s.State.ordinal() || p.Ordinal < s.Replicas)
	})
}

// missing names the first Service that a rollout needs and that is not there.
func (s Snapshot) missing() string {
	for _, service := range s.Services {
		if !service.Exists {
			return waitExists(service.Name)
		}
	}
	return ""
}

// occupied names the first Service that another workload's rollout has.
func (s Snapshot) occupied() string {
	for _, service := range s.Services {
		if service.By != "" {
			return waitTaken(service.Name, service.By)
		}
	}
	return ""
}

// inPlace tells whether all Services are as the Target says. One that is gone
// holds nothing, so it is in place; so is another's on the way back.
func (s Snapshot) inPlace() bool {
	leaves := s.State.Phase == rollout.RollingBack || s.State.Target().Select == ""
	return !slices.ContainsFunc(s.Services, func(one Service) bool { return one.Exists && !one.InPlace && (one.By == "" || !leaves) })
}
