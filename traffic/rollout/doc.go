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
//	RollingBack  mix       only while stable is not whole: both versions serve
//	             reopen    only while promoting: the route leaves the Service,
//	             return    which then selects stable's pods again,
//	             withdraw  the route leads to the Service alone again
//	             restore   stable's template and the user's own knobs
//	             widen     Services select as the user wrote them
//	RolledBack
//
// The strategies are ways through the same stages. blue-green has a step without
// traffic before that with all of it. batch, and a canary that no route leads to,
// have no Services and routes to change: from prepare to dwell they only change
// pods, and promote by release alone. rolling has one stage, roll, in which the
// stock controller works with the user's own knobs and is only watched.
//
// With the capacity replace, a step that does not fit is gone in parts: the pods
// that there is room for (scale) get what they can carry (shift), and once the
// data plane has followed (dwell) stable gives as many pods, which makes room.
//
// Where the way forward is closed (Closed), prepare and dwell are not left for a
// further step or the promotion, however long it takes. The way back never closes.
//
// Evidence is waited for while the canary has traffic: each analysis has to pass in
// dwell before the step is left, one that fails more often than it may goes back
// from there and from scale, and what is not known makes the step stand still.
//
// A mirror is traffic, too: copies go to the canary from the first shift on, until
// its weight is 100 or it goes back, and no pod that gets them is taken away.
//
// Nothing in this package reads a clock, a cluster or a random number.
package rollout
