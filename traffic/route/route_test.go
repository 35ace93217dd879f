// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package route

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

func rules(t *testing.T, text string) Rules {
	t.Helper()
	var out Rules
	require.NoError(t, yaml.Unmarshal([]byte(text), &out))
	return out
}

func split(weight int) Split {
	return Split{Namespace: "shop", Shares: []Share{{Deployment: "demo", Service: "demo", Canary: "demo-canary", Weight: weight}}}
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
			own := rules(t, row.own)
			got, done, err := Apply(own, split(20))
			require.NoError(t, err)
			same(t, rules(t, row.split), got)
			same(t, own, Restore(got, done))
			same(t, own, rules(t, row.own))
			same(t, own, Restore(own, done), "what a user has just written is the user's own")
		})
	}
}

func TestWhatCannotBeDividedIsRefused(t *testing.T) {
	many := "[{backendRefs: ["
	for range 9 {
		many += "{name: demo}, "
	}
	_, _, err := Apply(rules(t, many+"]}]"), split(20))
	require.EqualError(t, err, "rule 0: 18 backends with those of the canary are more than the 16 that a rule may have")
	_, _, err = Apply(rules(t, "[{backendRefs: [{name: demo, weight: 20000}]}]"), split(20))
	require.EqualError(t, err, `rule 0: the weight 20000 of backend "demo" is more than 10000, so it cannot be divided into percents`)
}

func TestTwoDeploymentsOnOneRoute(t *testing.T) {
	own := rules(t, "[{backendRefs: [{name: a}, {name: b}]}]")
	both := Split{}.With(Share{Deployment: "b", Service: "b", Canary: "b-canary", Weight: 50}).With(Share{Deployment: "a", Service: "a", Canary: "a-canary", Weight: 10})
	got, done, err := Apply(own, both)
	require.NoError(t, err)
	same(t, rules(t, "[{backendRefs: [{name: a, weight: 90}, {name: a-canary, weight: 10}, {name: b, weight: 50}, {name: b-canary, weight: 50}]}]"), got)
	left := done.WithoutDeployment("a")
	got, _, err = Apply(Restore(got, done), left)
	require.NoError(t, err)
	same(t, rules(t, "[{backendRefs: [{name: a, weight: 100}, {name: b, weight: 50}, {name: b-canary, weight: 50}]}]"), got)
}

// Restore is the exact inverse of Apply, for any rules and any weight, also when
// the split has been through its annotation.
func TestRestoreIsTheInverse(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	for range 5000 {
		var own Rules
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
		got, done, err := Apply(own, split(random.IntN(101)))
		require.NoError(t, err)
		carried, err := Parse(done.String())
		require.NoError(t, err)
		same(t, own, Restore(got, carried))
		again, _, err := Apply(Restore(got, carried), carried)
		require.NoError(t, err)
		same(t, got, again, "rendering what is rendered changes nothing")
	}
}

func TestParse(t *testing.T) {
	empty, err := Parse("")
	require.NoError(t, err)
	assert.Empty(t, empty.String())
	for _, text := range []string{"{", `{"shares":[{"service":"a","canary":"a","weight":1}]}`, `{"shares":[{"service":"a","canary":"b","weight":101}]}`, string(make([]byte, maxAnnotation+1))} {
		got, err := Parse(text)
		require.Error(t, err)
		assert.Empty(t, got.Shares)
	}
}

func TestNarrow(t *testing.T) {
	own := map[string]string{"app": "demo"}
	narrow := Narrow{Deployment: "demo", Hash: "abc"}
	assert.Equal(t, map[string]string{"app": "demo", "pod-template-hash": "abc"}, narrow.Selector(own))
	assert.Equal(t, own, Narrow{}.Selector(narrow.Selector(own)))
	again, err := ParseNarrow(narrow.String())
	require.NoError(t, err)
	assert.Equal(t, narrow, again)
	assert.Empty(t, Narrow{}.String())
}

func TestServices(t *testing.T) {
	got := Services(rules(t, "[{backendRefs: [{name: a}, {name: b, namespace: x}, {name: c, namespace: shop}, {name: a}]}]"), "shop")
	assert.Equal(t, []string{"a", "c"}, got)
}

func FuzzParse(f *testing.F) {
	f.Add(split(20).String())
	f.Add("{}")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Parse(text)
		if err != nil {
			return
		}
		_, _, _ = Apply(Rules{map[string]any{"backendRefs": []any{map[string]any{"name": "demo"}}}}, got)
	})
}

func same(t *testing.T, want, got Rules, why ...any) {
	t.Helper()
	a, err := json.Marshal(want)
	require.NoError(t, err)
	b, err := json.Marshal(got)
	require.NoError(t, err)
	require.JSONEq(t, string(a), string(b), fmt.Sprint(why...))
}
