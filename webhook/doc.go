// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package webhook is the admission side of Evenkeel.
//
//	AdmissionReview -> request -> policy.Resolve -> rules.Review -> flight -> patch | denial -> response
//
// Deployments are reviewed by the policy's rules and, where a rollout starts or
// is in flight, rendered from its state. Services and HTTPRoutes reach this
// package only while they are in flight: whoever writes them gets the same
// rendering, and what they wish for is kept as their own.
//
// The decisions are pure functions (flight.go, guard.go, patch.go). Reading the
// cluster happens in topology.go alone: from the caches, but for one GET of a
// ReplicaSet where a template is compared with, or rendered from, a revision
// that exists.
package webhook
