// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package guard tells the controller what closes the way forward of a rollout: the
// windows and freezes of its policy, and the budget of releases at once.
//
//	rollout in flight -> Rails.Look -> Verdict -> snapshot.Closed -> rollout.Decide
//
// Who waits for a place and who has one is kept in memory, by the leader alone,
// which alone opens gates: so a cache that lags behind a write gives no place away
// twice. A new leader reads it from the states of all that is in flight.
package guard
