// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package message is what is told of a rollout outside the cluster, and the text
// that a template makes of it. It reads no clock and reaches for nothing.
package message
