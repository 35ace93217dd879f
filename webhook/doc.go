// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package webhook is the admission side of Evenkeel.
//
//	AdmissionReview -> request -> policy.Resolve -> rules.Review -> flight -> changes | denial -> response
//
// What comes before and after the decision, for all kinds, is package review's.
// Deployments are reviewed by the policy's rules and, where a rollout starts or is in
// flight, rendered from its state. StatefulSets and DaemonSets, which come only where
// they opted in to batches or are in flight, are package batches'; what both have in
// common is package workload's. Services and routes come only while they are in
// flight: whoever writes them gets the same rendering, and what they wish for is kept
// as their own (guard.go).
//
// The decisions are pure functions (flight.go, guard.go, render.go). The cluster is
// read by package topology, but for one GET of the StatefulSet that somebody makes
// smaller.
package webhook
