// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package route holds the words of traffic in flight: the Split that a route
// carries, the Narrow that a Service carries, the Match of a user group, and the
// Renderer that every kind of route has:
//
//	gateway   HTTPRoute and GRPCRoute: weights in the user's route, matches in a
//	          sibling that Evenkeel owns
//	ingress   one dialect for each Ingress controller that can weigh
//	kinds     which renderer a route has
//
// Routes are handled as JSON trees, so that fields newer than this program
// survive, and so that one renderer serves kinds that look alike. Everything
// here is pure.
package route
