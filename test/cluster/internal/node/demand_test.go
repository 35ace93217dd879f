// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package node

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOnlyWhatIsOnDemandIsStarted(t *testing.T) {
	n := Node{Run: t.TempDir()}
	require.EqualError(t, n.StartComponent("etcd"), `"etcd" does not start on demand: name one of skipper`)
	require.EqualError(t, n.StartComponent("skipper"), "the cluster is not up: start it with make cluster-up")
}

// The first process starts what is wanted, and starts it once.
func TestWhatIsWantedIsStartedOnce(t *testing.T) {
	bin, n := t.TempDir(), &inner{run: t.TempDir(), running: map[int]component{}}
	require.NoError(t, os.WriteFile(filepath.Join(bin, "skipper"), []byte("#!/bin/sh\necho started\n"), 0o700))
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	require.NoError(t, os.Mkdir(n.path("logs"), 0o700))
	require.NoError(t, n.startWanted())
	assert.Empty(t, n.running, "nothing was wanted")
	for range 2 {
		write(t, n.path("wanted-skipper"), "")
		require.NoError(t, n.startWanted())
		assert.NoFileExists(t, n.path("wanted-skipper"))
		assert.Len(t, n.running, 1)
	}
	for pid := range n.running {
		process, err := os.FindProcess(pid)
		require.NoError(t, err)
		_, err = process.Wait()
		require.NoError(t, err)
	}
	log, err := os.ReadFile(n.path("logs", "skipper.log"))
	require.NoError(t, err)
	assert.Equal(t, "started\n", string(log))
}

func TestSkipperReadsWhatItIsGiven(t *testing.T) {
	n := &inner{run: t.TempDir()}
	require.NoError(t, n.writeConfigs())
	assert.FileExists(t, n.path("skipper.yaml"), "what StartComponent applies")
	assert.Contains(t, n.skipper().args, "-kubernetes-token-file="+n.pki("skipper.token"))
}
