// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

func parsed(t *testing.T, text string) rules {
	t.Helper()
	var out rules
	require.NoError(t, yaml.Unmarshal([]byte(text), &out))
	return out
}

func split(weight int) route.Split {
	return route.Split{Namespace: "shop", Shares: []route.Share{{Deployment: "demo", Service: "demo", Canary: "demo-canary", Weight: weight}}}
}

func TestSplitAndRestore(t *testing.T) {
	for name, row := range map[string]struct{ own, split string }{
		"the only backend, without a weight": {
			"[{backendRefs: [{name: demo, port: 80}]}]",
			"[{backendRefs: [{name: demo, port: 80, weight: 80}, {name: demo-canary, port: 80, weight: 20}]}]",
		},
		"others keep their share": {
			"[{backendRefs: [{name: demo, weight: 3}, {name: other, weight: 1}]}]",
			"[{backendRefs: [{name: demo, weight: 240}, {name: demo-canary, weight: 60}, {name: other, weight: 100}]}]",
		},
		"others without a weight count as 1": {
			"[{backendRefs: [{name: other}, {name: demo}]}]",
			"[{backendRefs: [{name: other, weight: 100}, {name: demo, weight: 80}, {name: demo-canary, weight: 20}]}]",
		},
		"filters and fields that nobody knows are copied": {
			"[{name: a, future: {x: 1}, backendRefs: [{name: demo, filters: [{type: X}], future: true}]}]",
			"[{name: a, future: {x: 1}, backendRefs: [{name: demo, filters: [{type: X}], future: true, weight: 80}, {name: demo-canary, filters: [{type: X}], future: true, weight: 20}]}]",
		},
		"its own namespace, named": {
			"[{backendRefs: [{name: demo, namespace: shop}]}]",
			"[{backendRefs: [{name: demo, namespace: shop, weight: 80}, {name: demo-canary, namespace: shop, weight: 20}]}]",
		},
		"another namespace, another kind, another rule": {
			"[{backendRefs: [{name: demo, namespace: stock}]}, {backendRefs: [{name: demo, kind: Import, group: x.io}]}, {filters: [{type: RequestRedirect}]}]",
			"[{backendRefs: [{name: demo, namespace: stock}]}, {backendRefs: [{name: demo, kind: Import, group: x.io}]}, {filters: [{type: RequestRedirect}]}]",
		},
		"a weight of 0 stays 0": {
			"[{backendRefs: [{name: demo, weight: 0}, {name: other, weight: 5}]}]",
			"[{backendRefs: [{name: demo, weight: 0}, {name: demo-canary, weight: 0}, {name: other, weight: 500}]}]",
		},
	} {
		t.Run(name, func(t *testing.T) {
			own := parsed(t, row.own)
			got, done, err := apply(own, split(20))
			require.NoError(t, err)
			same(t, parsed(t, row.split), got)
			same(t, own, restore(got, done))
			same(t, own, parsed(t, row.own))
			same(t, own, restore(own, done), "what a user has just written is the user's own")
		})
	}
}

func TestWhatCannotBeDividedIsRefused(t *testing.T) {
	many := "[{backendRefs: ["
	for range 9 {
		many += "{name: demo}, "
	}
	_, _, err := apply(parsed(t, many+"]}]"), split(20))
	require.EqualError(t, err, "rule 0: 18 backends with those of the canary are more than the 16 that a rule may have")
	_, _, err = apply(parsed(t, "[{backendRefs: [{name: demo, weight: 20000}]}]"), split(20))
	require.EqualError(t, err, `rule 0: the weight 20000 of backend "demo" is more than 10000, so it cannot be divided into percents`)
}

func TestTwoDeploymentsOnOneRoute(t *testing.T) {
	own := parsed(t, "[{backendRefs: [{name: a}, {name: b}]}]")
	both := route.Split{}.With(route.Share{Deployment: "b", Service: "b", Canary: "b-canary", Weight: 50}).With(route.Share{Deployment: "a", Service: "a", Canary: "a-canary", Weight: 10})
	got, done, err := apply(own, both)
	require.NoError(t, err)
	same(t, parsed(t, "[{backendRefs: [{name: a, weight: 90}, {name: a-canary, weight: 10}, {name: b, weight: 50}, {name: b-canary, weight: 50}]}]"), got)
	left := done.WithoutDeployment("a")
	got, _, err = apply(restore(got, done), left)
	require.NoError(t, err)
	same(t, parsed(t, "[{backendRefs: [{name: a, weight: 100}, {name: b, weight: 50}, {name: b-canary, weight: 50}]}]"), got)
}

// Restore is the exact inverse of Apply, for any rules and any weight, also when
// the split has been through its annotation.
func TestRestoreIsTheInverse(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	for range 5000 {
		var own rules
		for range 1 + random.IntN(4) {
			var backends []any
			for range random.IntN(5) {
				ref := map[string]any{"name": []string{"demo", "other", "third"}[random.IntN(3)]}
				if random.IntN(2) == 0 {
					ref["weight"] = []any{int64(random.IntN(200)), float64(random.IntN(200))}[random.IntN(2)]
				}
				backends = append(backends, ref)
			}
			own = append(own, map[string]any{"backendRefs": backends})
		}
		got, done, err := apply(own, split(random.IntN(101)))
		require.NoError(t, err)
		carried, err := route.Parse(done.String())
		require.NoError(t, err)
		same(t, own, restore(got, carried))
		again, _, err := apply(restore(got, carried), carried)
		require.NoError(t, err)
		same(t, got, again, "rendering what is rendered changes nothing")
	}
}

func TestServices(t *testing.T) {
	got := services(parsed(t, "[{backendRefs: [{name: a}, {name: b, namespace: x}, {name: c, namespace: shop}, {name: a}]}]"), "shop")
	assert.Equal(t, []string{"a", "c"}, got)
}

func same(t *testing.T, want, got rules, why ...any) {
	t.Helper()
	a, err := json.Marshal(want)
	require.NoError(t, err)
	b, err := json.Marshal(got)
	require.NoError(t, err)
	require.JSONEq(t, string(a), string(b), fmt.Sprint(why...))
}
