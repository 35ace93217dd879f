// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package traffic is the controller that moves traffic between the versions of
// a Deployment in flight.
//
//	event -> observe -> rollout.Decide(snapshot, now) -> apply -> record
//
// observe.go is the only reader, with package behind for who is behind a Service,
// apply.go the only writer, and record.go the only one who speaks; package
// diagnosis/live asks once, when a rollout turns back, what is wrong with its pods.
// batches.go does the same for StatefulSets and DaemonSets, by batch.Decide and with
// pods.go as its reader; it deletes pods besides. Every write is either the State of
// one Deployment or what that State promises about one object around it
// (rollout.State.Target); fields that belong to users are never written, but rendered
// by admission from the annotations that are.
//
// Between observe and Decide, package guard tells what closes the way forward.
//
// A crash between any two writes leaves a state from which the next look goes
// on. Every write carries the resourceVersion that was read, so that a stale
// cache, or a second leader, loses with a conflict and looks again.
package traffic
