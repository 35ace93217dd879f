// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package rollout is the pure core of the traffic controller: the grammar of
// steps, the state that a Deployment in flight carries, the knobs that hold it,
// and Decide, which maps one snapshot of the world to what happens next.
//
// A Deployment in flight walks through stages, one at a time. A stage is a
// promise about what the world looks like (see Target) and a condition for
// leaving it (see Decide):
//
//	Preparing    prepare   gate shut, Services narrowed to stable, no split
//	Stepping(i)  scale     gate open, room for the canary pods of step i
//	             shift     the route carries the weight of step i
//	             dwell     the step's own time, or a person, is waited for
//	Promoting    service   Services narrowed to the canary's pods
//	             route     the route leads to the Service alone again
//	             drain     the scale-down delay
//	             release   the user's own knobs, so that old pods go
//	             widen     Services select as the user wrote them
//	Completed
//
//	RollingBack  reopen    only while promoting: the route leaves the Service,
//	             return    which then selects stable's pods again,
//	             withdraw  the route leads to the Service alone again
//	             restore   stable's template and the user's own knobs
//	             widen     Services select as the user wrote them
//	RolledBack
//
// Nothing in this package reads a clock, a cluster or a random number.
package rollout
