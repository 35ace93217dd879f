// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package act says to a rollout what a person wants of it, as kubectl would: an
// annotation, or spec.paused. What admission answers is told as it is.
package act
