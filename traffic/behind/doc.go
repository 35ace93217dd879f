// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package behind reads who is behind a Service: its ready pods, by the EndpointSlices
// that data planes go by, told apart by the ports that they have and counted by the
// ReplicaSets that they are of. It reads caches alone, but for pods of very long names.
package behind
