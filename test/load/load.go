// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"context"
	"net/http"
	"sync"
	"time"
)

const (
	// timeout is generous: a lost SYN alone costs a second, two cost three.
	timeout = 10 * time.Second
	// maxFailures bounds how many failures are kept with their texts.
	maxFailures = 20
)

// Config says what is asked, and how hard.
type Config struct {
	// URL and Host are where requests go; Host is the header, "" that of the URL.
	// For gRPC the URL is an address, HOST:PORT.
	URL, Host string
	// Header is sent with each request of HTTP, besides the host's.
	Header http.Header
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

// client sends one request after the other.
type client interface {
	// ask sends one, and waits for its answer as long as that may take: the last
	// requests count as what they become.
	ask() answer
	close()
}

// Start begins to send GET requests.
func Start(ctx context.Context, config Config) *Generator { return start(ctx, config, newWeb) }

// StartGRPC begins to call the demo application's method Version.
func StartGRPC(ctx context.Context, config Config) *Generator { return start(ctx, config, newCaller) }

// start makes the clients; every other one keeps its connection.
func start(ctx context.Context, config Config, made func(config Config, keeps bool) client) *Generator {
	if config.Timeout == 0 {
		config.Timeout = timeout
	}
	g := &Generator{config: config, counts: Counts{Versions: map[string]int{}, Pods: map[string]int{}}}
	for i := range max(2, config.Clients) {
		c := made(config, i%2 == 0)
		g.done.Go(func() {
			defer c.close()
			g.run(ctx, c)
		})
	}
	return g
}

// Wait returns when every client has ended.
func (g *Generator) Wait() { g.done.Wait() }

// Counts gives what was seen so far.
func (g *Generator) Counts() Counts {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.counts.clone()
}

func (g *Generator) run(ctx context.Context, c client) {
	for ctx.Err() == nil {
		g.count(c)
		select {
		case <-ctx.Done():
		case <-time.After(g.config.Gap):
		}
	}
}

// count sends one request, and counts what became of it.
func (g *Generator) count(c client) {
	started := time.Now()
	seen := c.ask()
	seen.started, seen.took = started, time.Since(started)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.counts.add(seen)
}
