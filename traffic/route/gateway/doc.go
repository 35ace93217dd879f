// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package gateway renders the routes of the Gateway API in flight: HTTPRoute and
// GRPCRoute.
//
// A weight divides every backend that leads to a Service between that Service
// and the canary's:
//
//	backendRefs: [{name: demo}]            no weight: the only backend
//	  20 %     -> [{name: demo, weight: 80}, {name: demo-canary, weight: 20}]
//	  restored -> [{name: demo}]
//
// Other backends of the same rule keep their share exactly, because all of the
// rule's weights are scaled by the same factor. A rule that does not lead to the
// Service is not touched, and no rule is ever added to a user's route.
//
// A mirror is a filter after the user's own, on each rule that leads to the
// Service. Its percent is of the Service's requests: where the rule also leads to
// others, it is that part of the rule's.
//
//	filters: none, mirror 10 %
//	  -> [{type: RequestMirror, requestMirror: {backendRef: {name: demo-canary}, percent: 10}}]
//
// A match has a route of its own, with the same parents, hosts and rules and the
// match besides: it is more specific, so it wins, and it goes when the rollout
// ends. A match by host alone has those hosts instead of the user's.
package gateway
