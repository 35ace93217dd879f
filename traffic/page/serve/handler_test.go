// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/traffic/page"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

var now = time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)

// one is a source of one release, or of an error.
type one struct {
	seen page.Seen
	err  error
}

func (o one) All(context.Context) ([]page.Seen, error) { return []page.Seen{o.seen}, o.err }

func (o one) One(_ context.Context, kind, namespace, name string) (page.Seen, bool, error) {
	return o.seen, kind == "deployment" && namespace == o.seen.Namespace && name == o.seen.Name, o.err
}

func (one) Past(context.Context, page.Seen) page.Past { return page.Past{Unread: "no ledger"} }

func flying() one {
	return one{seen: page.Seen{Kind: "Deployment", Namespace: "shop", Name: "demo", State: rollout.State{Phase: rollout.Stepping, Steps: "20%:10m,100%"}}}
}

// ask asks a handler, as whoever speaks to a host.
func ask(t *testing.T, source Source, method, host, path string) (*http.Response, string) {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, "http://"+host+path, nil)
	answer := httptest.NewRecorder()
	Handler(source, func() time.Time { return now }).ServeHTTP(answer, request)
	body, err := io.ReadAll(answer.Result().Body)
	require.NoError(t, err)
	return answer.Result(), string(body)
}

func TestPaths(t *testing.T) {
	broken := flying()
	broken.err = errors.New("the cache is <not> started")
	for _, row := range []struct {
		name, method, path string
		source             one
		code               int
		kind, says         string
	}{
		{"the first page", "GET", "/", flying(), 200, "text/html; charset=utf-8", `<a href="/shop/deployment/demo">demo</a>`},
		{"a release", "GET", "/shop/deployment/demo", flying(), 200, "text/html; charset=utf-8", "<h1>demo</h1>"},
		{"its ledger", "GET", "/shop/deployment/demo", flying(), 200, "text/html; charset=utf-8", "no ledger"},
		{"a head", "HEAD", "/", flying(), 200, "text/html; charset=utf-8", ""},
		{"the style", "GET", "/page.css", flying(), 200, "text/css; charset=utf-8", ":root"},
		{"the script", "GET", "/page.js", flying(), 200, "text/javascript; charset=utf-8", "refresh"},
		{"the icon", "GET", "/icon.svg", flying(), 200, "image/svg+xml", "<svg"},
		{"none of that name", "GET", "/shop/deployment/%3Cb%3E", flying(), 404, "text/html; charset=utf-8", "There is no deployment &#34;&lt;b&gt;&#34; in the namespace &#34;shop&#34;"},
		{"none of that kind", "GET", "/shop/secret/demo", flying(), 404, "text/html; charset=utf-8", "There is no secret"},
		{"no page", "GET", "/metrics", flying(), 404, "text/plain; charset=utf-8", "not found"},
		{"a word", "POST", "/shop/deployment/demo", flying(), 405, "text/plain; charset=utf-8", "Method Not Allowed"},
		{"a word to the first page", "DELETE", "/", flying(), 405, "text/plain; charset=utf-8", "Method Not Allowed"},
		{"nothing can be read", "GET", "/", broken, 503, "text/html; charset=utf-8", "This manager cannot read the cluster, or not yet: the cache is &lt;not&gt; started."},
		{"nor a release", "GET", "/shop/deployment/demo", broken, 503, "text/html; charset=utf-8", "Try again"},
	} {
		t.Run(row.name, func(t *testing.T) {
			answer, body := ask(t, row.source, row.method, "localhost:8082", row.path)
			assert.Equal(t, row.code, answer.StatusCode)
			assert.Equal(t, row.kind, answer.Header.Get("Content-Type"))
			assert.Contains(t, body, row.says)
			for name, value := range headers {
				assert.Equal(t, value, answer.Header.Get(name), name)
			}
		})
	}
}

// A name that leads here, and is not this host's own, is somebody else's page.
func TestHosts(t *testing.T) {
	for host, welcome := range map[string]bool{
		"localhost": true, "localhost:8082": true, "127.0.0.1:1": true, "[::1]:8082": true, "[::1]": true,
		"evil.example": false, "evil.example:8082": false, "localhost.evil.example": false, "127.0.0.1.nip.io": false, "10.0.0.7:8082": false, "0.0.0.0": false,
	} {
		answer, body := ask(t, flying(), "GET", host, "/")
		if welcome {
			assert.Equal(t, http.StatusOK, answer.StatusCode, host)
			continue
		}
		assert.Equal(t, http.StatusMisdirectedRequest, answer.StatusCode, host)
		assert.Equal(t, "This page is for localhost and 127.0.0.1 alone: open it by kubectl evenkeel dashboard.\n", body)
	}
}

// Every page ends, however long what it reads takes.
func TestPatience(t *testing.T) {
	var left time.Duration
	source := asked(func(ctx context.Context) {
		deadline, bounded := ctx.Deadline()
		require.True(t, bounded)
		left = time.Until(deadline)
	})
	ask(t, source, "GET", "localhost", "/")
	assert.InDelta(t, patience, left, float64(time.Second))
}

// asked is a source that looks at how it is asked.
type asked func(context.Context)

func (a asked) All(ctx context.Context) ([]page.Seen, error) { a(ctx); return nil, nil }

func (a asked) One(context.Context, string, string, string) (page.Seen, bool, error) {
	return page.Seen{}, false, nil
}

func (a asked) Past(context.Context, page.Seen) page.Past { return page.Past{} }

// What serves is there on every replica, and its port is its own.
func TestServer(t *testing.T) {
	server, err := Server("127.0.0.1:0", Handler(flying(), time.Now))
	require.NoError(t, err)
	assert.False(t, server.NeedLeaderElection())
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Start(ctx) }()
	at := server.Listener.Addr().String()
	answer, err := http.Get("http://" + at + "/")
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, answer.StatusCode)
	require.NoError(t, answer.Body.Close())

	_, err = Server(at, nil)
	assert.ErrorContains(t, err, "cannot serve the dashboard: listen tcp "+at)
	end()
	assert.NoError(t, <-ended)
}
