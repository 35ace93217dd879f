// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package flight is what the objects of a cluster tell a person about a rollout: a
// workload's own state, and the pods of its two versions. read.go and follow.go are
// the only readers; what they read becomes a Flight by pure functions.
package flight
