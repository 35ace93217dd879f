// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// Renderer divides the routes of one kind.
type Renderer struct {
	// Kind is route.HTTPRoute or route.GRPCRoute.
	Kind route.Kind
}

// Services lists the Services of the route's own namespace that it leads to.
func (r Renderer) Services(own route.Object) []string {
	return services(rulesOf(own), route.NamespaceOf(own))
}

// Render divides a route's rules by weight, and makes the sibling routes that
// lead the requests of a group to the canary.
func (r Renderer) Render(own route.Object, split route.Split) (route.Rendering, error) {
	split.Namespace = route.NamespaceOf(own)
	divided, done, err := apply(rulesOf(own), split)
	if err != nil {
		return route.Rendering{}, err
	}
	out := route.Rendering{Shown: withRules(own, divided), Split: done}
	for _, share := range split.Shares {
		siblings, err := r.siblings(own, share)
		if err != nil {
			return route.Rendering{}, err
		}
		out.Owned = append(out.Owned, siblings...)
	}
	return out, nil
}

// Restore gives the user's own route back.
func (r Renderer) Restore(shown route.Object, split route.Split) route.Object {
	return withRules(shown, restore(rulesOf(shown), split))
}

// withRules keeps a route without rules as it is.
func withRules(own route.Object, rules rules) route.Object {
	if len(rules) == 0 {
		return own
	}
	return route.With(own, []any(rules), "spec", "rules")
}
