// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sent sends to a server for a while.
func sent(t *testing.T, config Config, during time.Duration) Counts {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), during)
	defer cancel()
	if config.Gap == 0 {
		config.Gap = time.Millisecond
	}
	g := Start(ctx, config)
	g.Wait()
	return g.Counts()
}

// The negative control: a generator that could not see failures would prove
// nothing about rollouts.
func TestEveryKindOfFailureIsCounted(t *testing.T) {
	cases := map[string]struct {
		answer http.HandlerFunc
		text   string
	}{
		"no backend": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "no available server", http.StatusServiceUnavailable)
		}, "503 Service Unavailable"},
		"a bad gateway":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, "502 Bad Gateway"},
		"not found":       {http.NotFound, "404 Not Found"},
		"a redirect":      {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/other", http.StatusFound) }, "302 Found"},
		"another's page":  {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<h1>It works!</h1> and more") }, `200 OK: "<h1>It works!`},
		"an empty answer": {func(http.ResponseWriter, *http.Request) {}, `200 OK: ""`},
		"a connection that breaks before the answer": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
		"a connection that breaks in the answer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "v1 pod-a")
		}, "cannot read the answer: unexpected EOF"},
		"an answer too late": {func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-time.After(time.Second):
			}
		}, "Client.Timeout exceeded"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(tc.answer)
			defer server.Close()
			seen := sent(t, Config{URL: server.URL, Clients: 2, Timeout: 100 * time.Millisecond}, 150*time.Millisecond)
			assert.Positive(t, seen.Requests)
			assert.Equal(t, seen.Requests, seen.Failed)
			assert.Empty(t, seen.Versions)
			require.NotEmpty(t, seen.Failures)
			assert.LessOrEqual(t, len(seen.Failures), maxFailures)
			assert.Contains(t, seen.Failures[0], tc.text)
			assert.Regexp(t, `^\d\d:\d\d:\d\d\.\d{3} after `, seen.Failures[0])
		})
	}
}

func TestAServerThatIsGoneIsAFailure(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	seen := sent(t, Config{URL: server.URL, Clients: 2}, 50*time.Millisecond)
	assert.Positive(t, seen.Requests)
	assert.Equal(t, seen.Requests, seen.Failed)
	assert.Contains(t, seen.Failures[0], "connection refused")
}

func TestItsHeadersAreSent(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Header.Get("X-Group"), " pod-a")
	}))
	defer server.Close()
	seen := sent(t, Config{URL: server.URL, Clients: 2, Header: http.Header{"X-Group": {"beta"}}}, 50*time.Millisecond)
	assert.Zero(t, seen.Failed, seen.Failures)
	assert.Equal(t, map[string]int{"beta": seen.Requests}, seen.Versions)
}

func TestOneFailureAmongManyIsSeen(t *testing.T) {
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "demo.example", r.Host)
		switch i := n.Add(1); {
		case i == 50:
			http.Error(w, "broken", http.StatusServiceUnavailable)
		case i%4 == 0:
			fmt.Fprintln(w, "v2 pod-b")
		default:
			fmt.Fprintln(w, "v1 pod-a")
		}
	}))
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	g := Start(ctx, Config{URL: server.URL, Host: "demo.example", Clients: 4, Gap: time.Millisecond})
	require.Eventually(t, func() bool { return g.Counts().Requests > 400 }, 10*time.Second, time.Millisecond)
	cancel()
	g.Wait()
	seen := g.Counts()
	assert.Equal(t, int(n.Load()), seen.Requests)
	assert.Equal(t, 1, seen.Failed)
	assert.Len(t, seen.Failures, 1)
	assert.InDelta(t, 25, seen.Share("v2"), 1)
	assert.Equal(t, seen.Versions["v1"], seen.Pods["pod-a"])
}

// Half of the clients keep one connection each, half open one a request.
func TestConnectionsAreNewAndKept(t *testing.T) {
	var opened atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "v1 pod-a") }))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	seen := sent(t, Config{URL: server.URL, Clients: 4}, 300*time.Millisecond)
	assert.Zero(t, seen.Failed)
	assert.Greater(t, seen.Reused, 20)
	assert.Greater(t, seen.Requests-seen.Reused, 20)
	assert.Equal(t, int(opened.Load()), seen.Requests-seen.Reused)
}

// What the HTTP client does by itself is seen too.
func TestARequestThatWasAskedAgainIsCounted(t *testing.T) {
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) == 20 {
			panic(http.ErrAbortHandler) // closes the connection under the request
		}
		fmt.Fprintln(w, "v1 pod-a")
	}))
	defer server.Close()
	g := &Generator{counts: Counts{Versions: map[string]int{}, Pods: map[string]int{}}}
	client := newWeb(Config{URL: server.URL}, true)
	defer client.close()
	for range 30 {
		g.count(client)
	}
	assert.Equal(t, 1, g.Counts().Retried)
	assert.Zero(t, g.Counts().Failed)
	assert.Equal(t, 30, g.Counts().Requests)
}

// The last requests count as what they become, even after the end.
func TestNoRequestIsLostAtTheEnd(t *testing.T) {
	var served atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(50 * time.Millisecond)
		served.Add(1)
		fmt.Fprintln(w, "v1 pod-a")
	}))
	defer server.Close()
	seen := sent(t, Config{URL: server.URL, Clients: 4}, 75*time.Millisecond)
	assert.Equal(t, int(served.Load()), seen.Requests)
	assert.Zero(t, seen.Failed)
	assert.GreaterOrEqual(t, seen.Worst, 50*time.Millisecond)
}

func TestAWindowIsWhatCameAfter(t *testing.T) {
	earlier := Counts{Requests: 10, Failed: 1, Reused: 4, Retried: 1, Versions: map[string]int{"v1": 9}, Pods: map[string]int{"a": 9}}
	now := Counts{
		Requests: 30, Failed: 1, Reused: 14, Retried: 3, Versions: map[string]int{"v1": 25, "v2": 4}, Pods: map[string]int{"a": 9, "b": 20},
		Worst: time.Second, Failures: []string{"earlier"},
	}
	window := now.Since(earlier)
	assert.Equal(t, Counts{
		Requests: 20, Reused: 10, Retried: 2, Versions: map[string]int{"v1": 16, "v2": 4}, Pods: map[string]int{"b": 20}, Worst: time.Second,
	}, window)
	assert.InDelta(t, 20.0, window.Share("v2"), 0.001)
	assert.Zero(t, now.Since(now).Share("v2"), "an empty window has no shares")
	assert.Empty(t, now.Since(now).Versions)
}

// A reading shares nothing with what is counted after it.
func TestAReadingStands(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "v1 pod-a") }))
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	g := Start(ctx, Config{URL: server.URL, Clients: 2, Gap: time.Millisecond})
	require.Eventually(t, func() bool { return g.Counts().Requests > 10 }, 5*time.Second, time.Millisecond)
	reading := g.Counts()
	total := reading.Versions["v1"]
	reading.Versions["v1"] = 0
	require.Eventually(t, func() bool { return g.Counts().Requests > 2*total }, 5*time.Second, time.Millisecond)
	cancel()
	g.Wait()
	assert.Greater(t, g.Counts().Versions["v1"], total)
	assert.Zero(t, reading.Versions["v1"])
}
