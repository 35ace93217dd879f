// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package node

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOnlyWhatIsOnDemandIsStarted(t *testing.T) {
	n := Node{Run: t.TempDir()}
	require.EqualError(t, n.StartComponent("etcd"), `"etcd" does not start on demand: name one of skipper`)
	require.EqualError(t, n.StartComponent("skipper"), "the cluster is not up: start it with make cluster-up")
}

// firstProcess is one whose Skipper is a script.
func firstProcess(t *testing.T, script string) *inner {
	t.Helper()
	bin, n := t.TempDir(), &inner{run: t.TempDir(), running: map[int]component{}}
	require.NoError(t, os.WriteFile(filepath.Join(bin, "skipper"), []byte("#!/bin/sh\n"+script+"\n"), 0o700))
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	require.NoError(t, os.Mkdir(n.path("logs"), 0o700))
	return n
}

// The first process starts what is wanted, and starts it once.
func TestWhatIsWantedIsStartedOnce(t *testing.T) {
	n := firstProcess(t, "echo started")
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

// It is started, again where Restart killed it, and its own end is the node's.
func TestWhatIsWantedIsSupervised(t *testing.T) {
	n := firstProcess(t, "exec sleep 60")
	write(t, n.path("wanted-skipper"), "")
	ended := make(chan error, 1)
	go func() { ended <- n.supervise() }()
	pid := func(not string) (text string) {
		require.Eventually(t, func() bool {
			read, err := os.ReadFile(n.path("pid-skipper"))
			text = string(read)
			return err == nil && text != "" && text != not
		}, 10*time.Second, 10*time.Millisecond)
		return text
	}
	kill := func(text string) {
		number, err := strconv.Atoi(text)
		require.NoError(t, err)
		require.NoError(t, syscall.Kill(number, syscall.SIGKILL))
	}
	first := pid("")
	write(t, n.path("restart-skipper"), "")
	kill(first)
	kill(pid(first))
	require.EqualError(t, <-ended, "skipper failed: signal: killed")
}

func TestSkipperReadsWhatItIsGiven(t *testing.T) {
	n := &inner{run: t.TempDir()}
	require.NoError(t, n.writeConfigs())
	assert.FileExists(t, n.path("skipper.yaml"), "what StartComponent applies")
	assert.Contains(t, n.skipper().args, "-kubernetes-token-file="+n.pki("skipper.token"))
}
