// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package forecast tells what a rollout will do, before it starts. It asks the very
// rules that move one (rollout.Decide) about a world in which all goes well: pods
// become ready when they are asked for, routes are accepted at once, and whoever is
// waited for says continue. It is pure.
package forecast
