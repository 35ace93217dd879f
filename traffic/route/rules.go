// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package route

import (
	"fmt"
	"maps"
	"slices"
)

// Rules are the spec.rules of a route as a JSON tree: objects are
// map[string]any, lists are []any, numbers are int64 or float64.
type Rules []any

// Apply divides the user's own rules as the split says. The result's Unset tells
// which weights the user left out. Neither argument is changed.
//
// It fails, before anything is divided, where a rule would get more backends or
// larger weights than the Gateway API allows.
func Apply(own Rules, split Split) (Rules, Split, error) {
	out := make(Rules, len(own))
	done := Split{Namespace: split.Namespace, Shares: slices.Clone(split.Shares)}
	for i, rule := range own {
		backends := backendRefs(rule)
		if !slices.ContainsFunc(backends, func(b any) bool { return split.divides(b) }) {
			out[i] = rule
			continue
		}
		divided, err := divide(backends, split)
		if err != nil {
			return nil, Split{}, fmt.Errorf("rule %d: %w", i, err)
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

// Restore gives the user's own rules back: the exact inverse of Apply for the
// split that Apply returned, and no change at all for rules that show no
// canary, which a user has just written.
func Restore(rules Rules, split Split) Rules {
	out := make(Rules, len(rules))
	for i, rule := range rules {
		backends := backendRefs(rule)
		if !slices.ContainsFunc(backends, func(b any) bool { return split.isCanary(refName(b)) }) {
			out[i] = rule
			continue
		}
		out[i] = withBackends(rule, undivide(backends, split, i))
	}
	return out
}

// Services lists the Services of the route's own namespace that the rules lead
// to, each once, in their order.
func Services(rules Rules, namespace string) []string {
	var names []string
	for _, rule := range rules {
		for _, backend := range backendRefs(rule) {
			if name := refName(backend); isLocalService(backend, namespace) && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

func divide(backends []any, split Split) ([]any, error) {
	var out []any
	for _, backend := range backends {
		weight, _ := weightOf(backend)
		if weight*factor > maxWeight {
			return nil, fmt.Errorf("the weight %d of backend %q is more than %d, so it cannot be divided into percents", weight, refName(backend), maxWeight/factor)
		}
		share, ok := split.share(refName(backend))
		if !ok || !split.divides(backend) {
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

func undivide(backends []any, split Split, rule int) []any {
	var out []any
	for i, backend := range backends {
		if split.isCanary(refName(backend)) {
			continue
		}
		weight, _ := weightOf(backend)
		if i+1 < len(backends) && split.divides(backend) && split.isCanary(refName(backends[i+1])) {
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

// divides tells whether a backend is one of the split's Services.
func (s Split) divides(backend any) bool {
	_, ok := s.share(refName(backend))
	return ok && isLocalService(backend, s.Namespace)
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

func withBackends(rule any, backends []any) any { return with(rule, "backendRefs", backends) }

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
