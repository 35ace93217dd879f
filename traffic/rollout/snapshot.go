// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import "time"

// Snapshot is everything that Decide looks at: one reading of the world. What is
// absent is data here (Exists is false), never an error.
type Snapshot struct {
	State State
	// Replicas is what the Deployment asks for.
	Replicas int32
	// Rendered tells whether the Deployment shows the knobs, and the template,
	// that State asks for; it does not where admission was not called.
	Rendered bool
	// Observed tells whether the stock controller has seen the Deployment as it is.
	Observed bool
	// Finished tells whether the stock controller is done: all pods are of the
	// template and available. Stuck is its reason for not getting on.
	Finished bool
	Stuck    string
	// Idle tells that it has not seen any progress at all. It forgets its own
	// deadline where its first status met another write.
	Idle bool
	// Newest is the version of the Deployment's template, zero until its
	// ReplicaSet is there.
	Newest Version
	// Between names a ReplicaSet that is neither stable's nor the canary's, and
	// of which the stock controller would keep pods rather than of stable's.
	Between  string
	Stable   Pods
	Canary   Pods
	Services []Service
	Routes   []Route
	// Closed is what closes the way forward; Hasty tells that an emergency lifts
	// Timing.MinStep.
	Closed Closed
	Hasty  bool
	// Measurements are the newest of each analysis, by its name.
	Measurements map[string]Measurement
}

// Pods are the pods of one version, as its ReplicaSet counts them.
type Pods struct {
	Exists   bool
	Replicas int32
	Ready    int32
	// Young counts the ready pods that are not available yet, as they have not been
	// ready for State.MinReady; Next is when the first of them is, if there are any.
	Young int32
	Next  time.Time
	// Refused says why pods cannot be made, as a quota does; empty when they can.
	Refused string
}

// Service is a Service that selects the Deployment's pods.
type Service struct {
	Name   string
	Exists bool
	// InPlace tells whether it selects what the state's Target says.
	InPlace bool
	// By names another workload whose rollout has the Service; empty where none has.
	By string
	// Stable, Canary and Other count its ready endpoints by version; Other are
	// pods of another workload.
	Stable, Canary, Other int32
	// Backend tells whether routes lead to it, so that it has a Service for the canary.
	// Only pods that have all its ports count as ready then.
	Backend bool
	// Lacks names a port of it that no container of some ready pods has, CanaryLacks
	// one of the canary's.
	Lacks, CanaryLacks string
	// CanaryInPlace tells whether that one is as the Target says, and
	// CanaryReady counts its ready endpoints.
	CanaryInPlace bool
	CanaryReady   int32
	// Foreign names what stands where that one is to be, and is not Evenkeel's;
	// empty where nothing does.
	Foreign string
	// CanaryMade is when that one was made, or changed: its endpoints follow.
	CanaryMade time.Time
}

// Route is a route that led to one of the Services when the rollout started.
type Route struct {
	// Name is the route's, for people: HTTPRoute "demo".
	Name   string
	Exists bool
	// Problem is why it cannot be divided, or given back, as it is; nothing is written then.
	Problem string
	// Astray names the Services that it is to lead to, where it leads to none of them.
	Astray string
	// InPlace tells whether it divides the traffic as the Target says.
	InPlace bool
	// Foreign names what stands where an object beside it is to be, and is not
	// Evenkeel's; empty where nothing does.
	Foreign string
	// Accepted tells whether every parent has accepted this generation and
	// resolved its references.
	Accepted bool
}

// canaryReady is the fewest ready pods of the canary that anybody counts: its
// ReplicaSet, or the endpoints behind any route.
func (s Snapshot) canaryReady() int32 {
	ready := s.Canary.Ready
	for _, service := range s.Services {
		if service.Backend {
			ready = min(ready, service.CanaryReady)
		}
	}
	return ready
}

// canaryAvailable is how many of those have been ready for the user's own
// minReadySeconds.
func (s Snapshot) canaryAvailable() int32 { return max(s.canaryReady()-s.Canary.Young, 0) }

// canaryServes tells whether the canary has a ready pod. A canary's Service that
// somebody deleted is made again, and has as long as the data plane to get its
// endpoints; until left is over the pods count.
func (s Snapshot) canaryServes(now time.Time) (serves bool, left time.Duration) {
	serves = s.Canary.Ready > 0
	for _, service := range s.Services {
		if !service.Backend || service.CanaryReady > 0 {
			continue
		}
		young := service.CanaryMade.Add(time.Duration(s.State.Timing.Settle)).Sub(now)
		left = max(left, young)
		serves = serves && (young > 0 || !service.CanaryInPlace)
	}
	return serves, left
}
