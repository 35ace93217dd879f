// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// alternatives is a match of so many of them.
func alternatives(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("header:x-group=%d", i)
	}
	return strings.Join(all, ";")
}

// ruled is a route with rules that lead to the Service, each with so many matches.
func ruled(matches ...int) route.Object {
	var all []any
	for i, n := range matches {
		rule := route.Object{"backendRefs": []any{route.Object{"name": "demo"}}}
		var paths []any
		for j := range n {
			paths = append(paths, route.Object{"path": route.Object{"type": "Exact", "value": fmt.Sprintf("/%d/%d", i, j)}})
		}
		if n > 0 {
			rule["matches"] = paths
		}
		all = append(all, rule)
	}
	return route.Object{"metadata": route.Object{"name": "web", "namespace": "shop"}, "spec": route.Object{"rules": all}}
}

func refused(t *testing.T, kind route.Kind, own route.Object, match string) string {
	t.Helper()
	_, err := Renderer{Kind: kind}.Render(own, route.Split{}.With(route.Share{Deployment: "demo", Service: "demo", Canary: "demo-canary", Weight: 20, Match: match}))
	if err != nil {
		return err.Error()
	}
	return ""
}

// The route of a match stays within what the API server takes, or is refused before
// anything is touched.
func TestTheLimitsOfASibling(t *testing.T) {
	all := func(rules, matches int) []int { return slices.Repeat([]int{matches}, rules) }
	for name, row := range map[string]struct {
		kind  route.Kind
		own   route.Object
		match string
		says  string
	}{
		"16 rules":                {route.HTTPRoute, ruled(all(16, 1)...), alternatives(1), ""},
		"17 rules":                {route.HTTPRoute, ruled(all(17, 1)...), alternatives(1), "match: the canary's own route would have 17 rules, which are more than the 16 that a route may have"},
		"64 matches of a rule":    {route.HTTPRoute, ruled(8), alternatives(8), ""},
		"72 matches of a rule":    {route.HTTPRoute, ruled(9), alternatives(8), "rule 0: 72 matches with those of the canary are more than the 64 that a rule may have"},
		"128 matches in all":      {route.HTTPRoute, ruled(all(16, 1)...), alternatives(8), ""},
		"129 matches in all":      {route.HTTPRoute, ruled(append(all(2, 60), 9)...), alternatives(1), "match: the canary's own route would have 129 matches in all, which are more than the 128 that a route may have"},
		"rules without a match":   {route.HTTPRoute, ruled(all(16, 0)...), alternatives(8), ""},
		"136 matches in all":      {route.HTTPRoute, ruled(append(all(15, 1), 2)...), alternatives(8), "match: the canary's own route would have 136 matches in all, which are more than the 128 that a route may have"},
		"the same of gRPC":        {route.GRPCRoute, ruled(append(all(15, 1), 2)...), alternatives(8), "match: the canary's own route would have 136 matches in all, which are more than the 128 that a route may have"},
		"a host has one match":    {route.HTTPRoute, ruled(append(all(14, 9), 1, 1)...), "host:a.example.com", ""},
		"and an empty rule has 1": {route.HTTPRoute, ruled(append(all(2, 64), 0)...), "host:a.example.com", "match: the canary's own route would have 129 matches in all, which are more than the 128 that a route may have"},
		"but not of gRPC":         {route.GRPCRoute, ruled(append(all(2, 64), 0)...), "host:a.example.com", ""},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, row.says, refused(t, row.kind, row.own, row.match)) })
	}
}

// A match has 16 headers and query parameters at most.
func TestTheTermsOfASibling(t *testing.T) {
	with := func(key string, n int) route.Object {
		var terms []any
		for i := range n {
			terms = append(terms, route.Object{"name": fmt.Sprintf("own-%d", i), "value": "x"})
		}
		own := ruled(1)
		match := own["spec"].(route.Object)["rules"].([]any)[0].(route.Object)["matches"].([]any)[0].(route.Object)
		match[key] = terms
		return own
	}
	assert.Empty(t, refused(t, route.HTTPRoute, with("headers", 15), "header:a=b"))
	assert.Equal(t, "rule 0: match: 17 headers and 0 query parameters with those of the canary, and a match may have 16 of each", refused(t, route.HTTPRoute, with("headers", 16), "header:a=b"))
	assert.Empty(t, refused(t, route.HTTPRoute, with("queryParams", 15), "query:a=b"))
	assert.Equal(t, "rule 0: match: 0 headers and 17 query parameters with those of the canary, and a match may have 16 of each", refused(t, route.HTTPRoute, with("queryParams", 16), "query:a=b"))
}

// A rule that writes another prefix has one match, says the Gateway API.
func TestARuleThatReplacesAPrefix(t *testing.T) {
	replace := route.Object{"path": route.Object{"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}
	const says = "rule 0: a filter of it replaces the prefix of a path, for which it may have one match, and with those of the canary it has 2; write a match of one alternative"
	for _, filter := range []route.Object{{"type": "URLRewrite", "urlRewrite": replace}, {"type": "RequestRedirect", "requestRedirect": replace}} {
		own := ruled(1)
		rule := rulesOf(own)[0].(route.Object)
		rule["filters"] = []any{filter}
		assert.Empty(t, refused(t, route.HTTPRoute, own, alternatives(1)))
		assert.Equal(t, says, refused(t, route.HTTPRoute, own, alternatives(2)))
		delete(rule, "filters")
		require.Empty(t, refused(t, route.HTTPRoute, own, alternatives(2)))
		backendRefs(rule)[0].(route.Object)["filters"] = []any{filter}
		assert.Equal(t, says, refused(t, route.HTTPRoute, own, alternatives(2)), "a backend's")
	}
}
