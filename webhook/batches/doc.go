// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package batches reviews what is released in batches alone: StatefulSets and
// DaemonSets that opted in, or are in flight.
//
//	AdmissionRequest -> write -> batch.Begin | batch.Act | batch.RollBack -> changes | denial
//
// A release is a state on the workload, from which its updateStrategy is rendered in
// every write, whoever writes; the template is the requester's, or what the state
// holds or restores. Where a state cannot be read, nothing starts on top of it
// (frozen.go). Whoever makes a StatefulSet smaller is asked about by its Scale
// (scale.go).
package batches
