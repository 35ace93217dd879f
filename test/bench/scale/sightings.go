// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// release is what was seen of one canary.
type release struct {
	sent, ended time.Time
	flew        bool
	last        rollout.State
	// decided and shown are when a weight first arrived, in a Deployment's state
	// and in the route.
	decided, shown map[int]time.Time
}

// sightings are what the watches have brought, by the name that a Deployment and
// its route share.
type sightings struct {
	mu       sync.Mutex
	pods     map[types.NamespacedName]int32
	releases map[types.NamespacedName]*release
	// leases and events count the managers' writes of these.
	leases, events int
}

func newSightings() *sightings {
	return &sightings{pods: map[types.NamespacedName]int32{}, releases: map[types.NamespacedName]*release{}}
}

// forget starts a new round.
func (s *sightings) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.releases = map[types.NamespacedName]*release{}
}

// ready counts the canaries that have their pod.
func (s *sightings) ready() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, pods := range s.pods {
		if pods > 0 {
			n++
		}
	}
	return n
}

// sent starts the clock of a canary.
func (s *sightings) sent(key types.NamespacedName, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.releases[key] = &release{sent: now, decided: map[int]time.Time{}, shown: map[int]time.Time{}}
}

// deployment takes a sighting of a Deployment. What it shows of an earlier round
// is left out: this one's begins in flight.
func (s *sightings) deployment(d *appsv1.Deployment, now time.Time) {
	state, err := rollout.ParseState(d.Annotations[rollout.StateAnnotation])
	key := types.NamespacedName{Namespace: d.Namespace, Name: d.Name}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pods[key] = d.Status.ReadyReplicas
	r := s.releases[key]
	if r == nil || err != nil || !r.ended.IsZero() {
		return
	}
	if r.flew = r.flew || state.InFlight(); !r.flew {
		return
	}
	r.last = state
	if state.Stage == rollout.StageShift && r.decided[state.Weight].IsZero() {
		r.decided[state.Weight] = now
	}
	if !state.InFlight() {
		r.ended = now
	}
}

// route takes a sighting of a route.
func (s *sightings) route(r *gatewayv1.HTTPRoute, now time.Time) {
	weight := weightOf(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	if one := s.releases[types.NamespacedName{Namespace: r.Namespace, Name: r.Name}]; one != nil && weight > 0 && one.shown[weight].IsZero() {
		one.shown[weight] = now
	}
}

// weightOf is the canary's share of a route, in percent.
func weightOf(r *gatewayv1.HTTPRoute) int {
	canary, all := 0, 0
	for _, rule := range r.Spec.Rules {
		for _, backend := range rule.BackendRefs {
			weight := 1
			if backend.Weight != nil {
				weight = int(*backend.Weight)
			}
			all += weight
			if string(backend.Name) != r.Name {
				canary += weight
			}
		}
	}
	if all == 0 {
		return 0
	}
	return (100*canary + all/2) / all
}

// ended counts the releases that have ended.
func (s *sightings) ended() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, r := range s.releases {
		if !r.ended.IsZero() {
			n++
		}
	}
	return n
}

// all gives the releases of the round, once nobody waits for them any more.
func (s *sightings) all() []release {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]release, 0, len(s.releases))
	for _, r := range s.releases {
		out = append(out, *r)
	}
	return out
}

// wrote counts a write of a manager's that a watch has brought.
func (s *sightings) wrote(counter *int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*counter++
}

func (s *sightings) counts() (leases, events int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.leases, s.events
}
