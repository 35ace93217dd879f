// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package integration shows the admission webhook at work on a real API server:
// what is filled in, what is refused and with which words, and that no rollout
// starts that nobody asked for.
package integration
