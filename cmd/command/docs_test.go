// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	files    = regexp.MustCompile("(?s)is `([a-z]+\\.yaml)`.*?```yaml\n(.*?)```")
	examples = regexp.MustCompile("(?s)    \\$ evenkeel (route [^\n]+)\n\n```yaml\n(.*?)```")
)

// What the page of routes says that the command prints, it prints to the letter.
func TestTheExamplesOfThePageOfRoutes(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "routes.md"))
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	for _, file := range files.FindAllStringSubmatch(string(text), -1) {
		require.NoError(t, os.WriteFile(file[1], []byte(file[2]), 0o600))
	}
	found := examples.FindAllStringSubmatch(string(text), -1)
	require.Len(t, found, 5)
	for _, example := range found {
		code, out, stderr := called("", strings.Fields(example[1])...)
		require.Zero(t, code, stderr)
		assert.Equal(t, example[2], out, example[1])
	}
}
