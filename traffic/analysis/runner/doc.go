// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package runner measures what rollouts want to know, off the reconcile loop: a
// slow answer holds nobody up but the step that waits for it.
//
//	reconcile -> Of(rollout): what it wants now, and what is known -> Decide
//	runner    -> each wanted question at its interval -> Wake -> reconcile
//
// Only the leader measures. Nothing is stored: a crash loses one measurement, and
// what a rollout has taken in already stands in its state.
package runner
