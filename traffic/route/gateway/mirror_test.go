// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/gateway-api/pkg/features"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// A pair is testdata/NAME.yaml: the user's route with the split in its annotation,
// and after it what becomes of it, first as everybody sees it.
func TestPairs(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.yaml"))
	require.NoError(t, err)
	require.Len(t, files, 4)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			documents := trees(t, file)
			split, err := route.Parse(route.Annotations(documents[0])[route.SplitAnnotation].(string))
			require.NoError(t, err)
			own := route.With(documents[0], nil, "metadata", "annotations")
			kind, err := route.ParseRef(own["kind"].(string) + "/shop")
			require.NoError(t, err)
			renderer := Renderer{Kind: kind.Kind}
			got, err := renderer.Render(own, split)
			require.NoError(t, err)
			want := documents[1:]
			require.Len(t, got.Owned, len(want)-1)
			assert.JSONEq(t, text(t, want[0]), text(t, got.Shown))
			for i, owned := range got.Owned {
				assert.JSONEq(t, text(t, want[i+1]), text(t, owned))
			}
			carried, err := route.Parse(got.Split.String())
			require.NoError(t, err)
			assert.JSONEq(t, text(t, own), text(t, renderer.Restore(got.Shown, carried)))
			assert.JSONEq(t, text(t, own), text(t, renderer.Restore(own, carried)), "what a user has just written is the user's own")
		})
	}
}

func trees(t *testing.T, file string) []route.Object {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	var out []route.Object
	for _, document := range strings.Split(string(content), "\n---\n") {
		var tree route.Object
		require.NoError(t, yaml.Unmarshal([]byte(document), &tree))
		out = append(out, tree)
	}
	return out
}

func text(t *testing.T, tree any) string {
	t.Helper()
	out, err := json.Marshal(tree)
	require.NoError(t, err)
	return string(out)
}

// mirrored is a split that sends copies besides a weight.
func mirrored(weight, mirror int) route.Split {
	return route.Split{Namespace: "shop"}.With(route.Share{Deployment: "demo", Service: "demo", Canary: "demo-canary", Weight: weight, Mirror: mirror})
}

func TestWhatCannotBeMirroredIsRefused(t *testing.T) {
	for rule, says := range map[string]string{
		"{backendRefs: [{name: demo, port: 80}, {name: demo, port: 81}]}":                                                                             `rule 0: it leads to Service "demo" in two ways, such as by two ports, and a mirror has one; write a rule for each`,
		"{filters: [{type: RequestMirror, requestMirror: {backendRef: {name: demo-canary}}}]}":                                                        `rule 0: it mirrors to Service "demo-canary" itself, which a rollout keeps for the canary; take that filter out`,
		"{filters: [" + strings.Repeat("{type: RequestMirror, requestMirror: {backendRef: {name: audit}}}, ", 16) + "], backendRefs: [{name: demo}]}": "rule 0: 17 filters with that of the mirror are more than the 16 that a rule may have",
	} {
		_, _, err := apply(parsed(t, "["+rule+"]"), mirrored(20, 10))
		require.EqualError(t, err, says)
		_, _, err = apply(parsed(t, "["+rule+"]"), split(20))
		require.NoError(t, err, "without a mirror")
	}
}

// A filter asks of the GatewayClass what it needs, and no more.
func TestFeatures(t *testing.T) {
	const one, percent, several = features.SupportHTTPRouteRequestMirror, features.SupportHTTPRouteRequestPercentageMirror, features.SupportHTTPRouteRequestMultipleMirrors
	for name, row := range map[string]struct {
		rules  string
		mirror int
		want   []features.FeatureName
	}{
		"no mirror":               {rules: "[{backendRefs: [{name: demo}]}]"},
		"another's rule":          {rules: "[{backendRefs: [{name: stock}]}]", mirror: 10},
		"somebody else's mirror":  {rules: "[{filters: [{type: RequestMirror, requestMirror: {backendRef: {name: audit}, percent: 5}}], backendRefs: [{name: stock}]}]", mirror: 10},
		"all":                     {rules: "[{backendRefs: [{name: demo}]}]", mirror: 100, want: []features.FeatureName{one}},
		"a part":                  {rules: "[{backendRefs: [{name: demo}]}]", mirror: 10, want: []features.FeatureName{one, percent}},
		"all of a part":           {rules: "[{backendRefs: [{name: demo}, {name: b}, {name: c}]}]", mirror: 100, want: []features.FeatureName{one, percent}},
		"beside the user's own":   {rules: "[{filters: [{type: RequestMirror, requestMirror: {backendRef: {name: audit}}}], backendRefs: [{name: demo}]}]", mirror: 100, want: []features.FeatureName{one, several}},
		"the user's own, in turn": {rules: "[{filters: [{type: RequestMirror, requestMirror: {backendRef: {name: audit}}}], backendRefs: [{name: b}]}, {backendRefs: [{name: demo}]}]", mirror: 100, want: []features.FeatureName{one}},
	} {
		t.Run(name, func(t *testing.T) {
			own := route.Object{"metadata": route.Object{"namespace": "shop"}, "spec": route.Object{"rules": []any(parsed(t, row.rules))}}
			got, err := Renderer{Kind: route.HTTPRoute}.Render(own, mirrored(20, row.mirror))
			require.NoError(t, err)
			assert.Equal(t, row.want, Features(got.Shown, got.Split))
		})
	}
}

// Restore is the exact inverse, whatever filters a rule has or lacks.
func TestRestoreIsTheInverseOfMirrors(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 8))
	changed := 0
	for range 5000 {
		var own rules
		for range 1 + random.IntN(3) {
			own = append(own, anyRule(random))
		}
		split := mirrored(random.IntN(101), random.IntN(101))
		if random.IntN(2) == 0 {
			split = split.With(route.Share{Deployment: "third", Service: "third", Canary: "third-canary", Mirror: random.IntN(101), Match: []string{"", "header:a=b"}[random.IntN(2)]})
		}
		before := text(t, own)
		got, done, err := apply(own, split)
		require.NoError(t, err)
		require.JSONEq(t, before, text(t, own), "what is given is not changed")
		carried, err := route.Parse(done.String())
		require.NoError(t, err)
		require.JSONEq(t, before, text(t, restore(got, carried)))
		require.JSONEq(t, before, text(t, restore(own, carried)), "what a user has just written is the user's own")
		again, redone, err := apply(restore(got, carried), carried)
		require.NoError(t, err)
		require.JSONEq(t, text(t, got), text(t, again), "rendering what is rendered changes nothing")
		require.Equal(t, done.String(), redone.String())
		if strings.Contains(text(t, got), `"requestMirror":{"backendRef":{"name":"demo-canary"`) {
			changed++
		}
	}
	assert.Greater(t, changed, 2000)
}

func anyRule(random *rand.Rand) route.Object {
	rule, backends := route.Object{}, []any{}
	for range random.IntN(4) {
		ref := map[string]any{"name": []string{"demo", "other", "third"}[random.IntN(3)]}
		if random.IntN(2) == 0 {
			ref["weight"] = []any{int64(random.IntN(200)), float64(random.IntN(200))}[random.IntN(2)]
		}
		backends = append(backends, ref)
	}
	if random.IntN(8) > 0 {
		rule["backendRefs"] = backends
	}
	switch random.IntN(5) {
	case 0:
		rule["filters"] = []any{}
	case 1:
		rule["filters"] = nil
	case 2:
		rule["filters"] = []any{route.Object{"type": "URLRewrite"}, route.Object{"type": mirrorType, "requestMirror": route.Object{"backendRef": route.Object{"name": "audit"}, "percent": 3.0}}}
	case 3:
		rule["filters"] = "of tomorrow"
	}
	return rule
}

// Of the requests that lead to the Service, the canary gets copies of its percent.
func TestAMirrorIsAPartOfTheServicesRequests(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 9))
	for range 2000 {
		rule, mirror := anyRule(random), 1+random.IntN(100)
		got, _, err := apply(rules{rule}, mirrored(0, mirror))
		require.NoError(t, err)
		part, all := 0.0, 0.0
		for _, backend := range backendRefs(rule) {
			weight, _ := weightOf(backend)
			all += float64(weight)
			if refName(backend) == "demo" {
				part += float64(weight)
			}
		}
		want := 0.0
		if part > 0 {
			want = part / all * float64(mirror)
		}
		require.InDelta(t, want, sent(got[0]), 1e-9, text(t, got))
	}
}

// sent is the percent of a rule's requests of which the canary gets copies.
func sent(rule any) float64 {
	for _, filter := range filtersOf(rule) {
		if mirroredTo(filter) != "demo-canary" {
			continue
		}
		if percent, is := route.Dig(filter, "requestMirror", "percent").(int64); is {
			return float64(percent)
		}
		if n, is := route.Dig(filter, "requestMirror", "fraction", "numerator").(int64); is {
			return 100 * float64(n) / float64(route.Dig(filter, "requestMirror", "fraction", "denominator").(int64))
		}
		return 100
	}
	return 0
}

func FuzzRestore(f *testing.F) {
	f.Add(`[{"filters":[],"backendRefs":[{"name":"demo","port":80}]}]`, 20, 10)
	f.Add(`[{"filters":[{"type":"RequestMirror","requestMirror":{"backendRef":{"name":"audit"}}}],"backendRefs":[{"name":"demo","weight":3},{"name":"b"}]}]`, 0, 100)
	f.Add(`[{"filters":null,"backendRefs":[{"name":"demo","weight":-1}]},7,null]`, 100, 1)
	f.Fuzz(func(t *testing.T, own string, weight, mirror int) {
		var given rules
		if json.Unmarshal([]byte(own), &given) != nil {
			return
		}
		for _, rule := range given {
			for _, backend := range backendRefs(rule) {
				if weight, _ := weightOf(backend); weight < 0 || route.Dig(backend, "weight") != nil && text(t, weight) != text(t, route.Dig(backend, "weight")) {
					return // no API server lets it in
				}
				if refName(backend) == "demo-canary" {
					return
				}
			}
		}
		got, done, err := apply(given, mirrored(min(max(weight, 0), 100), min(max(mirror, 0), 100)))
		if err != nil {
			return
		}
		carried, err := route.Parse(done.String())
		require.NoError(t, err)
		require.JSONEq(t, text(t, given), text(t, restore(got, carried)))
	})
}
