// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package cgroup

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTreesLieWhereTheMachineWantsThem(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		one  bool
		want []string
	}{
		"version 1, controllers together, below the caller's cgroup": {
			text: "4:cpu,cpuacct:/user/1\n3:memory:/\n2:name=systemd:/user.slice\n0::/user.slice\n",
			one:  true,
			want: []string{"/sys/fs/cgroup/cpu,cpuacct/user/1/tree", "/sys/fs/cgroup/memory/tree", "/sys/fs/cgroup/systemd/user.slice/tree"},
		},
		"version 2, below the root": {
			text: "0::/user.slice/session-1.scope\n",
			want: []string{"/sys/fs/cgroup/tree"},
		},
		"version 2 with the named hierarchy of systemd": {
			text: "1:name=systemd:/\n0::/\n",
			want: []string{"/sys/fs/cgroup/tree"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			one, _ := parseHierarchies(test.text)
			assert.Equal(t, test.one, versionOne(one))
			assert.Equal(t, test.want, trees(one, "tree"))
		})
	}
}

func TestHierarchiesAreMountedByTheirControllersOrName(t *testing.T) {
	one, two := parseHierarchies("3:memory:/a\n2:name=systemd:/b\n0::/c\nnonsense\n")
	assert.Equal(t, []hierarchy{{"memory", "memory", "/a"}, {"systemd", "none,name=systemd", "/b"}}, one)
	assert.Equal(t, "/c", two)
}

func TestEachFolderOfStateHasItsOwnName(t *testing.T) {
	assert.Equal(t, Name("/cache/run"), Name("/cache/run"))
	assert.NotEqual(t, Name("/cache/run"), Name("/other/run"))
	assert.Regexp(t, "^evenkeel-[0-9a-f]{8}$", Name("/cache/run"))
}

func TestRemoveTakesTheTreesAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	tree, other := filepath.Join(dir, "tree"), filepath.Join(dir, "other")
	for _, made := range []string{filepath.Join(tree, "kubepods", "pod1"), filepath.Join(tree, "kubepods", "pod2"), other} {
		require.NoError(t, os.MkdirAll(made, 0o755))
	}
	file := filepath.Join(dir, "cgroups")
	require.NoError(t, os.WriteFile(file, []byte(tree+"\n"+filepath.Join(dir, "never made")), 0o600))
	require.NoError(t, Remove(file))
	assert.NoDirExists(t, tree)
	assert.DirExists(t, other)
	require.NoError(t, Remove(file), "twice is once")
	require.NoError(t, Remove(filepath.Join(dir, "no such file")), "nothing was started")
}

func TestRemoveTreeSaysWhatIsInTheWay(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tree")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	assert.Error(t, removeTree(dir))
}
