// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/policy/manifest"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
	"github.com/evenkeel-dev/evenkeel/traffic/route/kinds"
	"github.com/evenkeel-dev/evenkeel/webhook/lint"
)

// block is a fenced block of YAML.
type block struct{ page, text string }

var fenced = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// blocks are those of all pages that hold a text.
func blocks(t *testing.T, holds string) []block {
	t.Helper()
	var out []block
	for _, from := range pages(t) {
		for _, found := range fenced.FindAllStringSubmatch(page(t, from), -1) {
			if strings.Contains(found[1], holds) {
				out = append(out, block{from, found[1]})
			}
		}
	}
	return out
}

// Every policy of a page loads. A part of one is read below what it leaves out.
func TestPoliciesOfThePages(t *testing.T) {
	const head = "apiVersion: " + config.APIVersion + "\nkind: " + config.Kind + "\n"
	seen := 0
	for _, b := range append(blocks(t, "kind: "+config.Kind), blocks(t, "rules:\n- name:")...) {
		if !strings.Contains(b.text, "kind: ") {
			b.text = head + b.text
		}
		if strings.Contains(b.text, head) {
			_, err := config.Load([]byte(b.text))
			assert.NoError(t, err, "%s:\n%s", b.page, b.text)
			seen++
		}
	}
	require.Greater(t, seen, 3)
}

// Every manifest of a page is one that the API server knows, and that the built-in
// policy lets in; those of other tools are left alone.
func TestManifestsOfThePages(t *testing.T) {
	seen := 0
	for _, b := range blocks(t, "\nkind: ") {
		if strings.Contains(b.text, "evenkeel.dev/split") { // a route in flight, which the command's own test reads
			continue
		}
		objects, err := manifest.Parse(b.page, []byte(b.text))
		if !assert.NoError(t, err, "%s:\n%s", b.page, b.text) {
			continue
		}
		files := []manifest.File{{Path: b.page, Text: []byte(b.text), Objects: objects}}
		reviewed, err := lint.Review(t.Context(), files, config.NewStore(), time.Now())
		require.NoError(t, err, b.page)
		report := lint.NewReport(files, reviewed)
		assert.False(t, report.Worst(policy.Enforce), "%s: %v", b.page, report.Findings)
		seen += len(objects)
	}
	require.Greater(t, seen, 25)
}

// Every route of a page that names two Services is divided as it asks.
func TestRoutesByHandOfThePages(t *testing.T) {
	seen := 0
	for _, b := range blocks(t, route.StableServiceAnnotation) {
		for _, document := range manifest.Documents([]byte(b.text)) {
			var object route.Object
			require.NoError(t, yaml.Unmarshal(document.Text, &object), b.page)
			split, err := route.Split{}.ByHand(route.Annotations(object))
			require.NoError(t, err, b.page)
			if object["kind"] == nil { // the annotations alone
				continue
			}
			kind := route.Kind(strings.ToLower(fmt.Sprint(object["kind"])))
			renderer, err := kinds.Renderer(kind, kinds.Controller(object, nil))
			require.NoError(t, err, b.page)
			rendering, err := renderer.Render(object, split)
			require.NoError(t, err, b.page)
			assert.NotEmpty(t, rendering.Owned, b.page)
			seen++
		}
	}
	require.NotZero(t, seen)
}
