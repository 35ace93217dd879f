// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !race

package rollout

// worlds is how many worlds of a release are looked at; the race detector makes
// each take ten times as long.
const worlds = 6_000
