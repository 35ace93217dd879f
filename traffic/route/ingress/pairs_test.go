// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ingress

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// A pair is testdata/DIALECT/NAME.yaml: the user's Ingress with the split in its
// annotation, and after it what becomes of it, first as everybody sees it.
func TestPairs(t *testing.T) {
	for _, dialect := range dialects {
		files, err := filepath.Glob(filepath.Join("testdata", folder(dialect.renderer), "*.yaml"))
		require.NoError(t, err)
		assert.GreaterOrEqual(t, len(files), 4, "a dialect is shown by at least four pairs")
		for _, file := range files {
			t.Run(dialect.class+"/"+strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
				documents := read(t, file)
				split, err := route.Parse(route.Annotations(documents[0])[route.SplitAnnotation].(string))
				require.NoError(t, err)
				own := route.With(documents[0], nil, "metadata", "annotations", route.SplitAnnotation)
				got, err := dialect.renderer.Render(own, split)
				require.NoError(t, err)
				want := documents[1:]
				require.Len(t, got.Owned, len(want)-1)
				same(t, want[0], got.Shown)
				for i, owned := range got.Owned {
					same(t, want[i+1], owned)
				}
				carried, err := route.Parse(got.Split.String())
				require.NoError(t, err)
				same(t, own, dialect.renderer.Restore(got.Shown, carried))
				same(t, own, dialect.renderer.Restore(own, carried), "what a user has just written is the user's own")
			})
		}
	}
}

func folder(r route.Renderer) string {
	switch r.(type) {
	case nginx:
		return "nginx"
	case alb:
		return "alb"
	case skipper:
		return "skipper"
	default:
		return "unknown"
	}
}

func read(t *testing.T, file string) []route.Object {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var out []route.Object
	for _, document := range strings.Split(string(text), "\n---\n") {
		var tree route.Object
		require.NoError(t, yaml.Unmarshal([]byte(document), &tree))
		out = append(out, tree)
	}
	require.Greater(t, len(out), 1)
	return out
}

func same(t *testing.T, want, got route.Object, why ...any) {
	t.Helper()
	a, err := json.Marshal(want)
	require.NoError(t, err)
	b, err := json.Marshal(got)
	require.NoError(t, err)
	require.JSONEq(t, string(a), string(b), why...)
}

// No dialect has words for a mirror, and each says so.
func TestNoIngressMirrors(t *testing.T) {
	own := leadingTo(t, "", "{name: demo, port: {number: 80}}")
	split := route.Split{}.With(route.Share{Deployment: "demo", Service: "demo", Canary: "demo-canary", Weight: 20, Mirror: 10})
	for _, dialect := range dialects {
		_, err := dialect.renderer.Render(own, split)
		assert.EqualError(t, err, `an Ingress has no words for a mirror to the canary of Service "demo"; an HTTPRoute has, where its GatewayClass supports HTTPRouteRequestMirror`, dialect.class)
	}
}
