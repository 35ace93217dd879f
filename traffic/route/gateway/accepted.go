// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// Accepted tells whether every parent of a route has taken this generation of it.
// What stands in the status besides counts no more: parents that the route has left,
// and what a controller that is gone once said of one that it has.
func Accepted(object route.Object) bool {
	parents, _ := route.Dig(object, "spec", "parentRefs").([]any)
	for _, parent := range parents {
		if !acceptedBy(object, parent) {
			return false
		}
	}
	return len(parents) > 0
}

// acceptedBy tells whether a controller has taken this generation for a parent, and
// none says of this generation that it has not.
func acceptedBy(object route.Object, parent any) bool {
	now, _ := route.Dig(object, "metadata", "generation").(int64)
	namespace := route.Dig(object, "metadata", "namespace")
	said, _ := route.Dig(object, "status", "parents").([]any)
	accepted := false
	for _, one := range said {
		if !sameParent(route.Dig(one, "parentRef"), parent, namespace) {
			continue
		}
		taken := true
		for _, kind := range []string{"Accepted", "ResolvedRefs"} {
			holds, current := condition(one, kind, now)
			if current && !holds {
				return false
			}
			taken = taken && current
		}
		accepted = accepted || taken
	}
	return accepted
}

// condition reads a condition of a parent: whether it holds, and whether it is about
// this generation of the route.
func condition(parent any, kind string, now int64) (holds, current bool) {
	conditions, _ := route.Dig(parent, "conditions").([]any)
	for _, condition := range conditions {
		if route.Dig(condition, "type") == kind {
			seen, _ := route.Dig(condition, "observedGeneration").(int64)
			return route.Dig(condition, "status") == "True", seen >= now
		}
	}
	return false, false
}

// sameParent tells whether two references are to one parent, with the defaults that
// the API has for them. Some controllers leave out, or fill in, which part of it.
func sameParent(a, b, namespace any) bool {
	for field, unset := range map[string]any{"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": namespace, "name": nil} {
		if or(route.Dig(a, field), unset) != or(route.Dig(b, field), unset) {
			return false
		}
	}
	for _, part := range []string{"sectionName", "port"} {
		if one, other := route.Dig(a, part), route.Dig(b, part); one != nil && other != nil && one != other {
			return false
		}
	}
	return true
}

// or is a value, or what stands for one that is not set.
func or(value, unset any) any {
	if value == nil {
		return unset
	}
	return value
}
