// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"fmt"
	"maps"
	"slices"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

const (
	// factor scales the weights of a rule, so that a percent is a whole number.
	factor = 100
	// maxWeight and maxBackends are the Gateway API's own limits.
	maxWeight   = 1_000_000
	maxBackends = 16
)

// rules are the spec.rules of a route.
type rules []any

func rulesOf(object route.Object) rules {
	list, _ := route.Dig(object, "spec", "rules").([]any)
	return list
}

// apply divides the user's own rules. The result's Unset tells which weights the
// user left out, its Own which filters. It fails, before anything is divided,
// where a rule would get more backends, more filters or larger weights than the
// Gateway API allows.
func apply(own rules, split route.Split) (rules, route.Split, error) {
	out := make(rules, len(own))
	done := route.Split{Namespace: split.Namespace, Shares: slices.Clone(split.Shares)}
	for i, rule := range own {
		backends := backendRefs(rule)
		rule, err := withMirrors(rule, split)
		if err != nil {
			return nil, route.Split{}, fmt.Errorf("rule %d: %w", i, err)
		}
		done.Own = keepFilters(done.Own, own[i], rule, i)
		if !slices.ContainsFunc(backends, func(b any) bool { return divides(split, b) }) {
			out[i] = rule
			continue
		}
		divided, err := divide(backends, split)
		if err != nil {
			return nil, route.Split{}, fmt.Errorf("rule %d: %w", i, err)
		}
		for j, backend := range backends {
			if _, set := weightOf(backend); !set {
				done.Unset = append(done.Unset, position(i, j))
			}
		}
		out[i] = withBackends(rule, divided)
	}
	return out, done, nil
}

// restore gives the user's own rules back: the exact inverse of apply for the
// split that apply returned, and no change at all for rules that show no canary.
func restore(shown rules, split route.Split) rules {
	out := make(rules, len(shown))
	for i, rule := range shown {
		backends := backendRefs(rule)
		rule := withoutMirrors(rule, split, i)
		if !slices.ContainsFunc(backends, func(b any) bool { return split.IsCanary(refName(b)) }) {
			out[i] = rule
			continue
		}
		out[i] = withBackends(rule, undivide(backends, split, i))
	}
	return out
}

// services lists the Services of a namespace that the rules lead to, each once,
// in their order.
func services(own rules, namespace string) []string {
	var names []string
	for _, rule := range own {
		for _, backend := range backendRefs(rule) {
			if name := refName(backend); isLocalService(backend, namespace) && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

func divide(backends []any, split route.Split) ([]any, error) {
	var out []any
	for _, backend := range backends {
		weight, _ := weightOf(backend)
		if weight*factor > maxWeight {
			return nil, fmt.Errorf("the weight %d of backend %q is more than %d, so it cannot be divided into percents", weight, refName(backend), maxWeight/factor)
		}
		share, _ := split.Share(refName(backend))
		if !divides(split, backend) {
			out = append(out, with(backend, "weight", weight*factor))
			continue
		}
		canary := with(backend, "weight", weight*int64(share.Weight))
		out = append(out,
			with(backend, "weight", weight*int64(factor-share.Weight)),
			with(canary, "name", share.Canary))
	}
	if len(out) > maxBackends {
		return nil, fmt.Errorf("%d backends with those of the canary are more than the %d that a rule may have", len(out), maxBackends)
	}
	return out, nil
}

func undivide(backends []any, split route.Split, rule int) []any {
	var out []any
	for i, backend := range backends {
		if split.IsCanary(refName(backend)) {
			continue
		}
		weight, _ := weightOf(backend)
		if i+1 < len(backends) && divides(split, backend) && split.IsCanary(refName(backends[i+1])) {
			canary, _ := weightOf(backends[i+1])
			weight += canary
		}
		if slices.Contains(split.Unset, position(rule, len(out))) && weight == factor {
			out = append(out, without(backend, "weight"))
			continue
		}
		out = append(out, with(backend, "weight", (weight+factor-1)/factor))
	}
	return out
}

// divides tells whether a backend is one of the split's Services and shares its
// weight; a canary that gets only requests that match has a route of its own, and
// one that gets only copies has a filter.
func divides(split route.Split, backend any) bool {
	share, ok := split.Share(refName(backend))
	return ok && (share.Weight > 0 || (share.Match == "" && share.Mirror == 0)) && isLocalService(backend, split.Namespace)
}

// isLocalService tells whether a backend is a Service without a namespace, or in
// the namespace given.
func isLocalService(backend any, namespace string) bool {
	ref, ok := backend.(map[string]any)
	if !ok || refName(ref) == "" {
		return false
	}
	kind, _ := ref["kind"].(string)
	group, _ := ref["group"].(string)
	where, _ := ref["namespace"].(string)
	return (kind == "" || kind == "Service") && group == "" && (where == "" || where == namespace)
}

func backendRefs(rule any) []any {
	tree, _ := rule.(map[string]any)
	list, _ := tree["backendRefs"].([]any)
	return list
}

func refName(backend any) string {
	ref, _ := backend.(map[string]any)
	name, _ := ref["name"].(string)
	return name
}

// weightOf reads a weight; one that is left out counts as 1.
func weightOf(backend any) (weight int64, set bool) {
	ref, _ := backend.(map[string]any)
	switch value := ref["weight"].(type) {
	case int64:
		return value, true
	case float64:
		return int64(value), true
	case nil:
		return 1, false
	default:
		return 1, true
	}
}

func position(rule, backend int) string { return fmt.Sprintf("%d/%d", rule, backend) }

func withBackends(rule any, backends []any) route.Object { return with(rule, "backendRefs", backends) }

// with copies one level of a tree, changed at a key.
func with(tree any, key string, value any) map[string]any {
	old, _ := tree.(map[string]any)
	out := maps.Clone(old)
	if out == nil {
		out = map[string]any{}
	}
	out[key] = value
	return out
}

func without(tree any, key string) map[string]any {
	out := with(tree, key, nil)
	delete(out, key)
	return out
}
