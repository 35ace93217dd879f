// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/evenkeel-dev/evenkeel/test/fixture/app/rpc"
)

// answering starts a server whose method answers as a test wants it, and gives its
// address; nil is a server without the method.
func answering(t *testing.T, version func() (string, error), options ...grpc.ServerOption) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer(options...)
	if version != nil {
		rpc.Register(server, version)
	}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

// called calls a server for a while.
func called(t *testing.T, config Config, during time.Duration) Counts {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), during)
	defer cancel()
	config.Gap = time.Millisecond
	g := StartGRPC(ctx, config)
	g.Wait()
	return g.Counts()
}

func TestEveryStatusOtherThanOKIsAFailure(t *testing.T) {
	fails := func(code codes.Code, says string) func() (string, error) {
		return func() (string, error) { return "", status.Error(code, says) }
	}
	for name, row := range map[string]struct {
		version func() (string, error)
		text    string
	}{
		"no backend":       {fails(codes.Unavailable, "no available server"), "code = Unavailable desc = no available server"},
		"an error":         {fails(codes.Internal, "broken"), "code = Internal desc = broken"},
		"no such method":   {nil, "code = Unimplemented"},
		"an empty answer":  {func() (string, error) { return "", nil }, `OK: ""`},
		"another's answer": {func() (string, error) { return "it works well", nil }, `OK: "it works well"`},
		"an answer too late": {func() (string, error) {
			time.Sleep(300 * time.Millisecond)
			return "v1 pod-a", nil
		}, "code = DeadlineExceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			seen := called(t, Config{URL: answering(t, row.version), Clients: 2, Timeout: 100 * time.Millisecond}, 150*time.Millisecond)
			assert.Positive(t, seen.Requests)
			assert.Equal(t, seen.Requests, seen.Failed)
			require.NotEmpty(t, seen.Failures)
			assert.Contains(t, seen.Failures[0], row.text)
		})
	}
}

func TestAGRPCServerThatIsGoneIsAFailure(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	seen := called(t, Config{URL: listener.Addr().String(), Clients: 2}, 50*time.Millisecond)
	assert.Positive(t, seen.Requests)
	assert.Equal(t, seen.Requests, seen.Failed)
	assert.Contains(t, seen.Failures[0], "connection refused")
}

// Half of the clients keep one connection each, half open one a call; each call
// counts once, by its version.
func TestCallsAreCounted(t *testing.T) {
	var n atomic.Int64
	var server watch
	address := answering(t, func() (string, error) {
		if n.Add(1)%4 == 0 {
			return "v2 pod-b", nil
		}
		return "v1 pod-a", nil
	}, grpc.StatsHandler(&server))
	seen := called(t, Config{URL: address, Host: "demo.example", Clients: 4}, 300*time.Millisecond)
	assert.Zero(t, seen.Failed, seen.Failures)
	assert.Equal(t, int(n.Load()), seen.Requests)
	assert.InDelta(t, 25, seen.Share("v2"), 1)
	assert.Equal(t, seen.Versions["v1"], seen.Pods["pod-a"])
	assert.Greater(t, seen.Reused, 20)
	assert.Greater(t, seen.Requests-seen.Reused, 20)
	assert.Equal(t, int(server.opened.Load()), seen.Requests-seen.Reused)
	assert.Zero(t, seen.Retried)
}
