// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ingress

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// Restore is the exact inverse of Render, for any Ingress that can be divided,
// any weight, and whoever has applied the own manifest over it since.
func TestRestoreIsTheInverse(t *testing.T) {
	for _, dialect := range dialects {
		t.Run(dialect.class, func(t *testing.T) {
			random := rand.New(rand.NewPCG(11, 11))
			divided := 0
			for range 3000 {
				own, split := anyIngress(random), anySplit(random, dialect.renderer)
				got, err := dialect.renderer.Render(own, split)
				if err != nil {
					continue
				}
				if divided++; len(got.Owned) == 0 && fmt.Sprint(got.Shown) == fmt.Sprint(own) {
					divided--
				}
				isInverse(t, dialect.renderer, own, got)
			}
			assert.Greater(t, divided, 500, "most Ingresses can be divided")
		})
	}
}

func isInverse(t *testing.T, renderer route.Renderer, own route.Object, got route.Rendering) {
	t.Helper()
	carried, err := route.Parse(got.Split.String())
	require.NoError(t, err)
	same(t, own, renderer.Restore(got.Shown, carried))
	same(t, own, renderer.Restore(own, carried), "what a user has just written is the user's own")
	// A manifest that is applied again has the user's paths, and keeps annotations that it does not name.
	applied := route.With(got.Shown, own["spec"], "spec")
	same(t, own, renderer.Restore(applied, carried), "paths alone were applied again")
	again, err := renderer.Render(renderer.Restore(got.Shown, carried), carried)
	require.NoError(t, err)
	same(t, got.Shown, again.Shown, "rendering what is rendered changes nothing")
	assert.Equal(t, got.Split.String(), again.Split.String())
}

func anySplit(random *rand.Rand, renderer route.Renderer) route.Split {
	share := route.Share{Deployment: "demo", Service: "demo", Canary: "demo-canary", Weight: random.IntN(101)}
	if _, cannot := renderer.(alb); !cannot && random.IntN(4) == 0 {
		share.Match = []string{"header:a=1", "host:a.b"}[random.IntN(2)]
	}
	split := route.Split{}.With(share)
	if random.IntN(3) == 0 {
		split = split.With(route.Share{Deployment: "stock", Service: "stock", Canary: "stock-canary", Weight: random.IntN(101)})
	}
	return split
}

func anyIngress(random *rand.Rand) route.Object {
	one := func(words ...any) any { return words[random.IntN(len(words))] }
	meta, spec := route.Object{"name": "web", "namespace": "shop"}, route.Object{}
	annotations := route.Object{}
	if random.IntN(2) == 0 {
		annotations["a"] = "b"
	}
	if random.IntN(2) == 0 {
		annotations[skipperWeights] = fmt.Sprintf(`{"demo": %d, "stock": %d, "other": %v}`, random.IntN(3), random.IntN(3), one(0, 1.5, 7))
	}
	if random.IntN(2) == 0 {
		annotations[albActions+"both"] = fmt.Sprintf(`{"forwardConfig": {"targetGroups": [{"serviceName": "demo", "servicePort": 80, "weight": %d}, {"targetGroupARN": "x", "weight": %d}]}}`, random.IntN(10), random.IntN(10))
	}
	if len(annotations) > 0 {
		meta["annotations"] = annotations
	}
	backend := func() any {
		port := one(route.Object{"number": int64(80)}, route.Object{"number": int64(80)}, route.Object{"name": albUse}).(route.Object)
		name := one("demo", "stock", "other")
		if port["name"] == albUse {
			name = "both"
		}
		return route.Object{"service": route.Object{"name": name, "port": port}}
	}
	if random.IntN(8) == 0 {
		spec["defaultBackend"] = backend()
	}
	var rules []any
	for range random.IntN(3) {
		var paths []any
		for range random.IntN(4) {
			paths = append(paths, route.Object{"path": one("/", "/a", "/b", "/c"), "pathType": one("Prefix", "Exact"), "backend": backend()})
		}
		rules = append(rules, one(route.Object{"host": "a.b", "http": route.Object{"paths": paths}}, route.Object{"http": route.Object{"paths": paths}}, route.Object{"host": "alone"}))
	}
	if len(rules) > 0 {
		spec["rules"] = rules
	}
	return route.Object{"metadata": meta, "spec": spec}
}

// Of the requests of each path the canary gets its percent of what the Service
// had, and every other Service what it had.
func TestSkipperDividesExactly(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	looked := 0
	for range 3000 {
		own, split := anyIngress(random), anySplit(random, skipper{})
		got, err := skipper{}.Render(own, split)
		if err != nil || fmt.Sprint(got.Shown) == fmt.Sprint(own) {
			continue
		}
		looked++
		before, after := requests(t, own), requests(t, got.Shown)
		for place, part := range before {
			key, service, _ := strings.Cut(place, " ")
			share, shared := dividing(split, service)
			canary := 0.0
			if shared {
				canary = part * float64(share.Weight) / 100
				assert.InDelta(t, canary, after[key+" "+share.Canary], 1e-9, place)
			}
			assert.InDelta(t, part-canary, after[place], 1e-9, place)
		}
	}
	assert.Greater(t, looked, 300)
}

// requests are the parts of each path's requests, by Service.
func requests(t *testing.T, ingress route.Object) map[string]float64 {
	t.Helper()
	weights, err := weightsOf(ingress)
	require.NoError(t, err)
	sums, counts := map[string]float64{}, map[string]float64{}
	each := func(do func(key, service string)) {
		for i, rule := range rulesOf(ingress) {
			for _, path := range pathsOf(rule) {
				do(fmt.Sprint(i, route.Dig(path, "path")), serviceOf(route.Dig(path, "backend")))
			}
		}
	}
	each(func(key, service string) { sums[key] += weights[service]; counts[key]++ })
	out := map[string]float64{}
	each(func(key, service string) {
		if sums[key] == 0 {
			out[key+" "+service] += 1 / counts[key]
			return
		}
		out[key+" "+service] += weights[service] / sums[key]
	})
	return out
}

func FuzzRestore(f *testing.F) {
	f.Add(`{"forwardConfig":{"targetGroups":[{"serviceName":"demo","servicePort":80,"weight":2},{"targetGroupARN":"x","weight":1}]}}`, `{"demo":1.5,"stock":2}`, 20)
	f.Add(`{"forwardConfig":{"targetGroups":[7,{"serviceName":"demo","weight":null}]}}`, `{"demo":0}`, 0)
	f.Add("", "null", 100)
	f.Fuzz(func(t *testing.T, action, weights string, weight int) {
		own := leadingTo(t, "", "{name: demo, port: {number: 80}}, {name: both, port: {name: use-annotation}}, {name: stock, path: /a}")
		for key, value := range map[string]string{albActions + "both": action, skipperWeights: weights} {
			own = annotated(own, key, value)
		}
		split := route.Split{}.With(route.Share{Deployment: "demo", Service: "demo", Canary: "demo-canary", Weight: min(max(weight, 0), 100)})
		for _, dialect := range dialects {
			if got, err := dialect.renderer.Render(own, split); err == nil {
				isInverse(t, dialect.renderer, own, got)
			}
		}
	})
}
