// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package ext stands in for a nested module of Traefik's repository, which Traefik
// replaces by a folder of its own that the zip of a module leaves out.
package ext

// HTTP has nothing to add to an HTTP configuration.
type HTTP struct{}

// Router has nothing to add to a router.
type Router struct{}
