// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"
)

const (
	// timeout is generous: a lost SYN alone costs a second, two cost three.
	timeout = 10 * time.Second
	// maxFailures bounds how many failures are kept with their texts.
	maxFailures = 20
	// maxBody bounds what is read of an answer.
	maxBody = 64 << 10
)

// Config says what is asked, and how hard.
type Config struct {
	// URL and Host are where requests go; Host is the header, "" that of the URL.
	URL, Host string
	// Clients is how many clients there are, at least 2; Gap is each one's pause
	// between two requests.
	Clients int
	Gap     time.Duration
	// Timeout bounds one request; 0 means 10 s.
	Timeout time.Duration
}

// Generator runs until its context ends. Its counts may be read meanwhile.
type Generator struct {
	config Config
	mu     sync.Mutex
	counts Counts
	done   sync.WaitGroup
}

// Start begins to send.
func Start(ctx context.Context, config Config) *Generator {
	if config.Timeout == 0 {
		config.Timeout = timeout
	}
	g := &Generator{config: config, counts: Counts{Versions: map[string]int{}, Pods: map[string]int{}}}
	for i := range max(2, config.Clients) {
		// A transport each, so that a kept connection belongs to one client.
		transport := &http.Transport{DisableKeepAlives: i%2 == 1}
		client := &http.Client{Timeout: config.Timeout, Transport: transport, CheckRedirect: asItIs}
		g.done.Go(func() {
			defer transport.CloseIdleConnections()
			g.run(ctx, client)
		})
	}
	return g
}

// asItIs follows no redirect: whoever asks for the application wants its answer.
func asItIs(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Wait returns when every client has ended.
func (g *Generator) Wait() { g.done.Wait() }

// Counts gives what was seen so far.
func (g *Generator) Counts() Counts {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.counts.clone()
}

func (g *Generator) run(ctx context.Context, client *http.Client) {
	for ctx.Err() == nil {
		seen := g.ask(client)
		g.mu.Lock()
		g.counts.add(seen)
		g.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-time.After(g.config.Gap):
		}
	}
}

// ask sends one request; it is not ended by the generator's end, so that the
// last requests count as what they become.
func (g *Generator) ask(client *http.Client) (seen answer) {
	seen.started = time.Now()
	defer func() { seen.took = time.Since(seen.started) }()
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			seen.reused = info.Reused
			seen.connections++
		},
	})
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, g.config.URL, nil)
	if err != nil {
		seen.err = err
		return seen
	}
	if g.config.Host != "" {
		request.Host = g.config.Host
	}
	response, err := client.Do(request)
	if err != nil {
		seen.err = err
		return seen
	}
	defer func() { _ = response.Body.Close() }()
	seen.version, seen.pod, seen.err = read(response)
	return seen
}

// read takes version and pod from an answer. Any other answer is a failure.
func read(response *http.Response) (version, pod string, err error) {
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		return "", "", fmt.Errorf("cannot read the answer: %w", err)
	}
	words := strings.Fields(string(body))
	if response.StatusCode != http.StatusOK || len(words) != 2 {
		return "", "", fmt.Errorf("%s: %.80q", response.Status, body)
	}
	return words[0], words[1], nil
}
