// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pages lists every page that people read.
func pages(t *testing.T) []string {
	t.Helper()
	out := []string{"README.md", "charts/evenkeel/README.md"}
	for _, pattern := range []string{"docs/*.md", "docs/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		for _, path := range found {
			one, err := filepath.Rel(root, path)
			require.NoError(t, err)
			out = append(out, one)
		}
	}
	require.Greater(t, len(out), 30)
	return out
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	unsaid  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// anchors are the names under which a page's headings are linked to.
func anchors(text string) []string {
	var out []string
	for _, found := range heading.FindAllStringSubmatch(text, -1) {
		out = append(out, strings.ReplaceAll(unsaid.ReplaceAllString(strings.ToLower(found[1]), ""), " ", "-"))
	}
	return out
}

// Every page can be reached from another one.
func TestNoPageIsAlone(t *testing.T) {
	reached := map[string]bool{"README.md": true}
	for _, from := range pages(t) {
		for _, found := range link.FindAllStringSubmatch(page(t, from), -1) {
			file, _, _ := strings.Cut(found[1], "#")
			if to := filepath.Join(filepath.Dir(from), file); to != from {
				reached[to] = true
			}
		}
	}
	for _, one := range pages(t) {
		assert.True(t, reached[one], "no page links to %s", one)
	}
}

// Every link leads to a file that is there, and to a heading that it has.
func TestLinks(t *testing.T) {
	for _, from := range pages(t) {
		for _, found := range link.FindAllStringSubmatch(page(t, from), -1) {
			if strings.Contains(found[1], "://") {
				continue
			}
			file, anchor, anchored := strings.Cut(found[1], "#")
			to := filepath.Join(filepath.Dir(from), file)
			if file == "" {
				to = from
			}
			_, err := os.Stat(filepath.Join(root, to))
			if assert.NoError(t, err, from) && anchored {
				assert.True(t, slices.Contains(anchors(page(t, to)), anchor), "%s: %s has no heading %q", from, to, anchor)
			}
		}
	}
}
