// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package build

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func modules(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../modules")
	require.NoError(t, err)
	return dir
}

// Every group has a module whose sums are pinned, and every patch its file.
func TestGroupsArePinned(t *testing.T) {
	seen := map[string]bool{}
	for _, group := range Groups {
		for _, file := range []string{"go.mod", "go.sum"} {
			info, err := os.Stat(filepath.Join(modules(t), group.Name, file))
			require.NoError(t, err)
			assert.Positive(t, info.Size())
		}
		if group.Patch != nil {
			assert.FileExists(t, filepath.Join(modules(t), group.Name, group.Patch.With))
		}
		for name := range group.Programs {
			assert.False(t, seen[name], "%s is built twice", name)
			seen[name] = true
		}
	}
}

func TestTheCacheIsKeyedByWhatGoesIn(t *testing.T) {
	b := Builder{Modules: modules(t), Cache: t.TempDir()}
	group := Groups[0]
	dir, err := b.dir(group)
	require.NoError(t, err)
	again, err := b.dir(group)
	require.NoError(t, err)
	assert.Equal(t, dir, again)
	group.LDFlags = "-X a=b"
	other, err := b.dir(group)
	require.NoError(t, err)
	assert.NotEqual(t, dir, other)
	_, err = b.dir(Group{Name: "none"})
	require.ErrorContains(t, err, "cannot key the build of none")
}

func TestWhatIsBuiltIsNotBuiltAgain(t *testing.T) {
	var out bytes.Buffer
	b := Builder{Modules: modules(t), Cache: t.TempDir(), Out: &out}
	dirs, err := b.Dirs()
	require.NoError(t, err)
	for i, group := range Groups {
		require.NoError(t, os.MkdirAll(dirs[i], 0o755))
		for name := range group.Programs {
			require.NoError(t, os.WriteFile(filepath.Join(dirs[i], name), []byte("x"), 0o755))
		}
	}
	require.NoError(t, b.All())
	assert.Empty(t, out.String())
}
