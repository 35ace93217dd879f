// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package notify tells of rollouts outside the cluster: a Slack-compatible webhook
// gets its JSON, any other address a CloudEvent.
//
// A rollout never waits for it. Tell puts a message into a queue for each place,
// and drops it where the queue is full; from there on a goroutine a place does the
// rest, with its own rate, its own retries and its own deadline, so that a place
// that hangs holds up nobody but itself.
//
// A message is told by whoever wrote the rollout's state, after the write, so each
// transition is queued once at the most; a state that cannot be read, once for each
// cause. What is queued lives in memory: it is lost
// with the manager. A place can get a message twice, where it took it and answered
// too late; its id is the same then.
package notify
