// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"sigs.k8s.io/gateway-api/pkg/features"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

const (
	// mirrorType is the type of a filter that sends copies.
	mirrorType = "RequestMirror"
	// maxFilters is the Gateway API's own limit of a rule.
	maxFilters = 16
)

// Features lists what a GatewayClass must support for a route to mirror as it is
// rendered; none where the split mirrors nothing on it. Whoever does not support
// a filter may answer the whole rule with errors.
func Features(shown route.Object, split route.Split) []features.FeatureName {
	split.Namespace = route.NamespaceOf(shown)
	var mirrors, percents, several bool
	for _, rule := range rulesOf(shown) {
		all, ours := 0, 0
		for _, filter := range filtersOf(rule) {
			if route.Dig(filter, "type") != mirrorType {
				continue
			}
			all++
			if isOurs(filter, split) {
				ours++
				percents = percents || route.Dig(filter, "requestMirror", "percent") != nil || route.Dig(filter, "requestMirror", "fraction") != nil
			}
		}
		mirrors, several = mirrors || ours > 0, several || (ours > 0 && all > 1)
	}
	var out []features.FeatureName
	for _, one := range []struct {
		needed bool
		name   features.FeatureName
	}{
		{mirrors, features.SupportHTTPRouteRequestMirror},
		{percents, features.SupportHTTPRouteRequestPercentageMirror},
		{several, features.SupportHTTPRouteRequestMultipleMirrors},
	} {
		if one.needed {
			out = append(out, one.name)
		}
	}
	return out
}

// withMirrors gives a rule with a filter for each canary that gets copies of its
// requests, after the user's own filters.
func withMirrors(rule any, split route.Split) (any, error) {
	own := filtersOf(rule)
	for _, filter := range own {
		if isOurs(filter, split) {
			return nil, fmt.Errorf("it mirrors to Service %q itself, which a rollout keeps for the canary; take that filter out", mirroredTo(filter))
		}
	}
	filters := slices.Clone(own)
	for _, share := range split.Shares {
		filter, err := mirror(backendRefs(rule), share, split.Namespace)
		if err != nil {
			return nil, err
		}
		if filter != nil {
			filters = append(filters, filter)
		}
	}
	switch {
	case len(filters) == len(own):
		return rule, nil
	case len(filters) > maxFilters:
		return nil, fmt.Errorf("%d filters with that of the mirror are more than the %d that a rule may have", len(filters), maxFilters)
	}
	return with(rule, "filters", filters), nil
}

// mirror makes the filter of a share; nil where the rule leads no request to its
// Service. Other backends have their part of the rule's requests, and a copy of
// one of those is as good as of one of the Service's: only the number counts.
func mirror(backends []any, share route.Share, namespace string) (route.Object, error) {
	var to route.Object
	var part, all int64
	for _, backend := range backends {
		weight, _ := weightOf(backend)
		weight = max(weight, 0)
		all += weight
		if share.Mirror == 0 || refName(backend) != share.Service || !isLocalService(backend, namespace) {
			continue
		}
		part += weight
		ref := canaryRef(backend, share.Canary)
		if to != nil && fmt.Sprint(to) != fmt.Sprint(ref) {
			return nil, fmt.Errorf("it leads to Service %q in two ways, such as by two ports, and a mirror has one; write a rule for each", share.Service)
		}
		to = ref
	}
	if part == 0 {
		return nil, nil
	}
	send := route.Object{"backendRef": to}
	switch n := int64(share.Mirror) * part; {
	case n == 100*all: // left out, it is all, for which no other feature is needed
	case n%all == 0:
		send["percent"] = n / all
	default:
		by := gcd(n, 100*all)
		send["fraction"] = route.Object{"numerator": n / by, "denominator": 100 * all / by}
	}
	return route.Object{"type": mirrorType, "requestMirror": send}, nil
}

// canaryRef is where a mirror leads to: the backend as the user wrote it, as far
// as a mirror has words for it.
func canaryRef(backend any, canary string) route.Object {
	ref := route.Object{"name": canary}
	for _, key := range []string{"group", "kind", "namespace", "port"} {
		if value := route.Dig(backend, key); value != nil {
			ref[key] = value
		}
	}
	return ref
}

// keepFilters notes what stood in place of a rule's filters where that was not a
// list of some: an empty list is not the same as none.
func keepFilters(kept map[string]string, own, shown any, rule int) map[string]string {
	tree, _ := own.(map[string]any)
	there, set := tree["filters"]
	if !set || len(filtersOf(own)) > 0 || len(filtersOf(shown)) == 0 {
		return kept
	}
	text, err := json.Marshal(there)
	if err != nil { // cannot happen: it came out of JSON
		return kept
	}
	out := maps.Clone(kept)
	if out == nil {
		out = map[string]string{}
	}
	out[filtersAt(rule)] = string(text)
	return out
}

// withoutMirrors takes the canaries' filters out of a rule: the inverse of withMirrors.
func withoutMirrors(rule any, split route.Split, at int) any {
	shown := filtersOf(rule)
	own := slices.DeleteFunc(slices.Clone(shown), func(f any) bool { return isOurs(f, split) })
	switch {
	case len(own) == len(shown):
		return rule
	case len(own) > 0:
		return with(rule, "filters", own)
	}
	var there any
	if text, kept := split.Own[filtersAt(at)]; kept && json.Unmarshal([]byte(text), &there) == nil {
		return with(rule, "filters", there)
	}
	return without(rule, "filters")
}

// isOurs tells whether a filter sends copies to a canary of the split.
func isOurs(filter any, split route.Split) bool {
	if route.Dig(filter, "type") != mirrorType {
		return false
	}
	_, ours := split.Mirrors(mirroredTo(filter))
	return ours && isLocalService(route.Dig(filter, "requestMirror", "backendRef"), split.Namespace)
}

func mirroredTo(filter any) string { return refName(route.Dig(filter, "requestMirror", "backendRef")) }

func filtersOf(rule any) []any {
	list, _ := route.Dig(rule, "filters").([]any)
	return list
}

func filtersAt(rule int) string { return fmt.Sprintf("%d/filters", rule) }

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
