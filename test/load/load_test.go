// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// The negative control: a generator that could not see failures would prove
// nothing about rollouts.
func TestFailuresAndSharesAreCounted(t *testing.T) {
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "demo.example", r.Host)
		switch n.Add(1) % 4 {
		case 0:
			http.Error(w, "broken", http.StatusServiceUnavailable)
		case 1:
			fmt.Fprintln(w, "v2 pod-b")
		default:
			fmt.Fprintln(w, "v1 pod-a")
		}
	}))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	g := Start(ctx, Config{URL: server.URL, Host: "demo.example", Clients: 4, Gap: time.Millisecond})
	g.Wait()
	seen := g.Counts()
	assert.Greater(t, seen.Requests, 40)
	assert.InDelta(t, float64(seen.Requests)/4, float64(seen.Failed), 2)
	assert.InDelta(t, 33.3, seen.Share("v2"), 3)
	assert.Contains(t, seen.Failures[0], "503 Service Unavailable")
	assert.Zero(t, seen.Since(seen).Requests)
}

func TestAServerThatIsGoneIsAFailure(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	g := Start(ctx, Config{URL: server.URL, Clients: 2, Gap: time.Millisecond})
	g.Wait()
	seen := g.Counts()
	assert.Positive(t, seen.Requests)
	assert.Equal(t, seen.Requests, seen.Failed)
}
