// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"fmt"
	"slices"
	"strings"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// The Gateway API's own limits: of a route, of a rule and of a match.
const (
	maxRules        = 16
	maxRouteMatches = 128
	maxMatches      = 64
	maxTerms        = 16
)

// PreviewSuffix makes the name of a route with hosts of its own from that of the
// route with a match.
const PreviewSuffix = "-preview"

// siblings makes the routes that lead the requests of a share's group to its
// canary: one that is more specific than the user's, one for hosts of its own.
func (r Renderer) siblings(own route.Object, share route.Share) ([]route.Object, error) {
	match, err := route.ParseMatch(share.Match)
	if err != nil || len(match) == 0 {
		return nil, err
	}
	var out []route.Object
	hosts, rest := match.Hosts()
	for _, one := range []struct {
		suffix string
		hosts  []any
		match  route.Match
	}{
		{"", hostnames(own), rest},
		{PreviewSuffix, list(hosts), nil},
	} {
		if (one.suffix == "" && len(rest) == 0) || (one.suffix != "" && len(hosts) == 0) {
			continue
		}
		rules, err := r.siblingRules(own, share, one.match)
		if err != nil {
			return nil, err
		}
		if len(rules) > 0 {
			out = append(out, r.sibling(own, share.OwnedName(route.NameOf(own))+one.suffix, one.hosts, rules))
		}
	}
	return out, nil
}

func (r Renderer) sibling(own route.Object, name string, hosts, rules []any) route.Object {
	spec := route.Object{"rules": rules}
	if parents, ok := route.Dig(own, "spec", "parentRefs").([]any); ok {
		spec["parentRefs"] = parents
	}
	if len(hosts) > 0 {
		spec["hostnames"] = hosts
	}
	return route.Object{
		"apiVersion": r.Kind.APIVersion(), "kind": r.Kind.Name(),
		"metadata": route.Object{"name": name, "namespace": route.NamespaceOf(own)},
		"spec":     spec,
	}
}

// siblingRules are those of the user's rules that lead to the share's Service,
// with the match besides, leading to the canary.
func (r Renderer) siblingRules(own route.Object, share route.Share, match route.Match) ([]any, error) {
	namespace := route.NamespaceOf(own)
	var out []any
	for i, rule := range rulesOf(own) {
		leads := func(b any) bool { return refName(b) == share.Service && isLocalService(b, namespace) }
		backends := backendRefs(rule)
		if !slices.ContainsFunc(backends, leads) {
			continue
		}
		matches, err := r.matches(rule, match)
		if err != nil {
			return nil, fmt.Errorf("rule %d: %w", i, err)
		}
		to := make([]any, len(backends))
		for j, backend := range backends {
			if to[j] = backend; leads(backend) {
				to[j] = with(backend, "name", share.Canary)
			}
		}
		made := withBackends(rule, to)
		if len(matches) > 0 {
			made["matches"] = matches
		}
		if len(matches) > 1 && replacesPrefix(made) {
			return nil, fmt.Errorf("rule %d: a filter of it replaces the prefix of a path, for which it may have one match, and with those of the canary it has %d; write a match of one alternative", i, len(matches))
		}
		out = append(out, made)
	}
	return out, r.fits(out)
}

// fits tells whether a route may have so many rules and matches. An HTTPRoute's rule
// without matches gets one from the API server, for all paths.
func (r Renderer) fits(rules []any) error {
	all := 0
	for _, rule := range rules {
		matches, _ := route.Dig(rule, "matches").([]any)
		if n := len(matches); n > 0 || r.Kind == route.GRPCRoute {
			all += n
		} else {
			all++
		}
	}
	switch {
	case len(rules) > maxRules:
		return fmt.Errorf("match: the canary's own route would have %d rules, which are more than the %d that a route may have", len(rules), maxRules)
	case all > maxRouteMatches:
		return fmt.Errorf("match: the canary's own route would have %d matches in all, which are more than the %d that a route may have", all, maxRouteMatches)
	}
	return nil
}

// replacesPrefix tells whether a rule, or one of its backends, has a filter that
// writes another prefix for the one that its match asks for.
func replacesPrefix(rule any) bool {
	filters := filtersOf(rule)
	for _, backend := range backendRefs(rule) {
		filters = slices.Concat(filters, filtersOf(backend))
	}
	return slices.ContainsFunc(filters, func(f any) bool {
		return route.Dig(f, "urlRewrite", "path", "replacePrefixMatch") != nil || route.Dig(f, "requestRedirect", "path", "replacePrefixMatch") != nil
	})
}

// matches multiplies a rule's own matches with the alternatives of a match.
func (r Renderer) matches(rule any, match route.Match) ([]any, error) {
	tree, _ := rule.(map[string]any)
	own, _ := tree["matches"].([]any)
	if len(match) == 0 {
		return own, nil
	}
	if len(own) == 0 {
		own = []any{map[string]any{}}
	}
	var out []any
	for _, one := range own {
		for _, alternative := range match {
			narrower, err := r.narrower(one, alternative)
			if err != nil {
				return nil, err
			}
			out = append(out, narrower)
		}
	}
	if len(out) > maxMatches {
		return nil, fmt.Errorf("%d matches with those of the canary are more than the %d that a rule may have", len(out), maxMatches)
	}
	return out, nil
}

// narrower adds the conditions of one alternative to one match.
func (r Renderer) narrower(match any, all []route.Condition) (route.Object, error) {
	out := with(match, "headers", nil)
	delete(out, "headers")
	headers, _ := route.Dig(match, "headers").([]any)
	queries, _ := route.Dig(match, "queryParams").([]any)
	headers, queries = slices.Clone(headers), slices.Clone(queries)
	for _, condition := range all {
		term := condition.Name
		switch condition.By {
		case route.ByHost:
			return nil, fmt.Errorf("match: %q: a host stands alone, with nothing joined by \"&\"", condition)
		case route.ByCookie:
			term = "Cookie"
			condition.Value, condition.Pattern = condition.CookieHeader(), true
		case route.ByQuery:
			if r.Kind == route.GRPCRoute {
				return nil, fmt.Errorf("match: %q: a GRPCRoute cannot match by query", condition)
			}
			if taken(queries, term) {
				return nil, fmt.Errorf("match: the rule asks for query parameter %q itself, and a request can be asked for it once", term)
			}
			queries = append(queries, entry(term, condition))
			continue
		}
		if taken(headers, term) {
			return nil, fmt.Errorf("match: header %q is asked for more than once, by the rule itself or by the match", term)
		}
		headers = append(headers, entry(term, condition))
	}
	if len(headers) > maxTerms || len(queries) > maxTerms {
		return nil, fmt.Errorf("match: %d headers and %d query parameters with those of the canary, and a match may have %d of each", len(headers), len(queries), maxTerms)
	}
	if len(headers) > 0 {
		out["headers"] = headers
	}
	if len(queries) > 0 {
		out["queryParams"] = queries
	}
	return out, nil
}

func entry(name string, c route.Condition) route.Object {
	if c.Pattern && c.By != route.ByCookie {
		c.Value = route.Anchored(c.Value)
	}
	kind := "Exact"
	if c.Pattern {
		kind = "RegularExpression"
	}
	return route.Object{"type": kind, "name": name, "value": c.Value}
}

func taken(entries []any, name string) bool {
	return slices.ContainsFunc(entries, func(e any) bool { return strings.EqualFold(refName(e), name) })
}

func hostnames(own route.Object) []any {
	hosts, _ := route.Dig(own, "spec", "hostnames").([]any)
	return hosts
}

func list(values []string) []any {
	out := make([]any, len(values))
	for i, value := range values {
		out[i] = value
	}
	return out
}
