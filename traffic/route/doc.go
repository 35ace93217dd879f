// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package route is the pure renderer of routes and Services in flight.
//
// Split divides every backend of a route that leads to a Service between that
// Service and the Service of its canary; Restore is its exact inverse:
//
//	backendRefs: [{name: demo}]            no weight: the only backend
//	  Split 20 -> [{name: demo, weight: 80}, {name: demo-canary, weight: 20}]
//	  Restore  -> [{name: demo}]
//
// Other backends of the same rule keep their share exactly, because all of the
// rule's weights are scaled by the same factor. A rule that does not lead to the
// Service is not touched.
//
// Routes are handled as JSON trees, so that fields newer than this program
// survive, and so that one renderer serves HTTPRoute and GRPCRoute alike.
package route
