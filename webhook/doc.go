// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package webhook is the admission side of Evenkeel.
//
//	AdmissionReview -> request -> policy.Resolve -> rules.Review -> flight -> changes | denial -> response
//
// What comes before and after the decision, for all kinds, is package review's.
// Deployments are reviewed by the policy's rules and, where a rollout starts or
// is in flight, rendered from its state. StatefulSets and DaemonSets come only
// where they opted in to batches, or are in flight (workload.go, batches.go).
// Services and HTTPRoutes reach this package only while they are in flight:
// whoever writes them gets the same rendering, and what they wish for is kept as
// their own.
//
// The decisions are pure functions (flight.go, guard.go, render.go). The cluster is
// read by package topology, but for one GET of the StatefulSet that somebody makes
// smaller (scale.go).
package webhook
