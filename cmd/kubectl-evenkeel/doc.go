// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command kubectl-evenkeel is kubectl evenkeel: what a person sees of rollouts, and
// says to them. It has no rights but those of whoever calls it. internal/flight
// reads, internal/act writes, and all else is shown; what needs no manager is shared
// with evenkeel (cmd/command).
package main
