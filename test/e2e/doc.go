// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package e2e shows whole rollouts on a real cluster, under load: what a user
// does with kubectl, and what everybody else's tools see meanwhile.
package e2e
