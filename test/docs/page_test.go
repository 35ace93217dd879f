// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func page(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	require.NoError(t, err)
	return string(text)
}

// section is the part of a page below a heading, up to the next of its level.
func section(t *testing.T, text, heading string) string {
	t.Helper()
	_, below, found := strings.Cut(text, "\n## "+heading+"\n")
	require.True(t, found, "there is no heading %q", heading)
	below, _, _ = strings.Cut(below, "\n## ")
	return below
}

var firstCell = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")

// named lists what the rows of a section's tables are about.
func named(t *testing.T, text, heading string) []string {
	t.Helper()
	var out []string
	for _, found := range firstCell.FindAllStringSubmatch(section(t, text, heading), -1) {
		out = append(out, found[1])
	}
	return set(out)
}
