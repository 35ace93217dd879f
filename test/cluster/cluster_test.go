// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOnlyRootMayRunIt(t *testing.T) {
	require.NoError(t, allowed(0))
	assert.EqualError(t, allowed(1000),
		"the local cluster needs root; point KUBECONFIG at any cluster (kind, minikube, a cloud) and use CLUSTER=existing")
}

// machine has everything but some programs.
func machine(missing ...string) host {
	lacks := map[string]bool{}
	for _, file := range missing {
		lacks[file] = true
	}
	return host{has: func(file string) bool { return !lacks[file] }}
}

func TestPrepareNamesWhatIsMissing(t *testing.T) {
	require.NoError(t, machine().prepare(context.Background()))
	require.NoError(t, machine("/usr/lib/cni/bridge").prepare(context.Background()), "another folder has it")
	err := machine("runc", "nft", "/usr/lib/cni/bridge", "/usr/libexec/cni/bridge", "/opt/cni/bin/bridge").prepare(context.Background())
	assert.EqualError(t, err, "these packages (by their Debian names) are missing, install them first: runc containernetworking-plugins nftables")
}

func TestPrepareInstallsWhatIsMissing(t *testing.T) {
	var asked []string
	installed := false
	h := host{
		has:     func(file string) bool { return installed || file != "runc" },
		install: func(_ context.Context, pkgs []string) error { asked, installed = pkgs, true; return nil },
	}
	require.NoError(t, h.prepare(context.Background()))
	assert.Equal(t, []string{"runc"}, asked)

	h = machine("runc")
	h.install = func(context.Context, []string) error { return errors.New("no network") }
	require.EqualError(t, h.prepare(context.Background()), "cannot install runc: no network")
	h.install = func(context.Context, []string) error { return nil }
	assert.EqualError(t, h.prepare(context.Background()), "these packages were installed, but their programs are not found: runc")
}

func TestPrepareRefusesFoldersThatTheNodeHides(t *testing.T) {
	for dir, want := range map[string]string{
		"/home/me/evenkeel":       "",
		"/var/library/evenkeel":   "",
		"/var/lib/ci/evenkeel":    "/var/lib/ci/evenkeel cannot be seen inside the node, which has a /var/lib of its own: move the project, or set EVENKEEL_CACHE",
		"/run/user/0/cache":       "/run/user/0/cache cannot be seen inside the node, which has a /run of its own: move the project, or set EVENKEEL_CACHE",
		"/var/log":                "/var/log cannot be seen inside the node, which has a /var/log of its own: move the project, or set EVENKEEL_CACHE",
		"/home/var/lib/something": "",
	} {
		h := machine()
		h.visible = []string{dir}
		err := h.prepare(context.Background())
		if want == "" {
			assert.NoError(t, err, dir)
			continue
		}
		assert.EqualError(t, err, want)
	}
}

func TestFindRoot(t *testing.T) {
	here, err := os.Getwd()
	require.NoError(t, err)
	root := filepath.Dir(filepath.Dir(here))
	for _, dir := range []string{here, root, filepath.Join(here, "modules", "etcd")} {
		found, err := findRoot(dir)
		require.NoError(t, err)
		assert.Equal(t, root, found)
	}
	_, err = findRoot("/")
	assert.EqualError(t, err, "run this inside the project: / is not")
}

func TestCacheIsWhereTheEnvironmentSays(t *testing.T) {
	t.Setenv("EVENKEEL_CACHE", "/somewhere")
	dir, err := cacheDir()
	require.NoError(t, err)
	assert.Equal(t, "/somewhere", dir)
	t.Setenv("EVENKEEL_CACHE", "")
	t.Setenv("XDG_CACHE_HOME", "/cache")
	dir, err = cacheDir()
	require.NoError(t, err)
	assert.Equal(t, "/cache/evenkeel", dir)
}

func TestProjectImagesAreOfThisTree(t *testing.T) {
	names := map[string]bool{}
	for _, p := range project {
		assert.Regexp(t, "^evenkeel\\.local/", p.name, "no registry is asked for it")
		assert.False(t, names[p.name], "%s is there once", p.name)
		names[p.name] = true
		assert.DirExists(t, filepath.Join("..", "..", p.pkg))
		assert.Equal(t, "/"+filepath.Base(p.pkg), p.path, "the program of %s", p.name)
	}
	assert.True(t, names[pauseImage])
}

func TestCommandsAreNamed(t *testing.T) {
	assert.EqualError(t, command(context.Background(), nil), "say what to do: "+usage)
	assert.ErrorContains(t, command(context.Background(), []string{"inner"}), "not for people")
}
