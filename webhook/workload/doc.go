// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package workload is what reviews of Deployments, and of what changes in batches,
// have in common: what a decision about a release comes to (Outcome), the changes that
// keep a state, the answer while a state cannot be read (Frozen), and the sentences
// that people are told of both. All of it is pure but for the Events (Told).
package workload
