// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package explain tells what happens when a manifest is applied: what admission
// answers (webhook/offline), and what the rollout does then (traffic/forecast).
// world.go is the only reader; text.go draws.
package explain
