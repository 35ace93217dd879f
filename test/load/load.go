// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Config says what is asked, and how hard.
type Config struct {
	// URL and Host are where requests go; Host is the header, "" that of the URL.
	URL, Host string
	// Clients is how many clients there are, at least 2; Gap is each one's pause
	// between two requests.
	Clients int
	Gap     time.Duration
	// Timeout bounds one request; 0 means 10 s. A lost SYN alone costs 1 s.
	Timeout time.Duration
}

// Counts are what was seen.
type Counts struct {
	Requests, Failed int
	// Versions and Pods count the good answers.
	Versions, Pods map[string]int
	// Worst is the longest that a request took.
	Worst time.Duration
	// Failures are the first failures' times and texts, at most 20.
	Failures []string
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
		config.Timeout = 10 * time.Second
	}
	g := &Generator{config: config, counts: Counts{Versions: map[string]int{}, Pods: map[string]int{}}}
	kept := &http.Client{Timeout: config.Timeout, Transport: &http.Transport{MaxIdleConnsPerHost: config.Clients}}
	fresh := &http.Client{Timeout: config.Timeout, Transport: &http.Transport{DisableKeepAlives: true}}
	for i := range config.Clients {
		client := kept
		if i%2 == 1 {
			client = fresh
		}
		g.done.Go(func() { g.run(ctx, client) })
	}
	return g
}

// Wait returns when every client has ended.
func (g *Generator) Wait() { g.done.Wait() }

// Counts gives what was seen so far.
func (g *Generator) Counts() Counts {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := g.counts
	out.Versions, out.Pods = maps.Clone(g.counts.Versions), maps.Clone(g.counts.Pods)
	out.Failures = append([]string(nil), g.counts.Failures...)
	return out
}

func (g *Generator) run(ctx context.Context, client *http.Client) {
	for ctx.Err() == nil {
		started := time.Now()
		version, pod, err := g.ask(client)
		g.count(started, version, pod, err)
		select {
		case <-ctx.Done():
		case <-time.After(g.config.Gap):
		}
	}
}

// ask sends one request; it is not ended by the generator's end, so that the
// last requests count as what they become.
func (g *Generator) ask(client *http.Client) (version, pod string, err error) {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, g.config.URL, nil)
	if err != nil {
		return "", "", err
	}
	if g.config.Host != "" {
		request.Host = g.config.Host
	}
	answer, err := client.Do(request)
	if err != nil {
		return "", "", err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err != nil {
		return "", "", err
	}
	words := strings.Fields(string(body))
	if answer.StatusCode != http.StatusOK || len(words) != 2 {
		return "", "", fmt.Errorf("%s: %.80q", answer.Status, body)
	}
	return words[0], words[1], nil
}

func (g *Generator) count(started time.Time, version, pod string, err error) {
	took := time.Since(started)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.counts.Requests++
	g.counts.Worst = max(g.counts.Worst, took)
	if err == nil {
		g.counts.Versions[version]++
		g.counts.Pods[pod]++
		return
	}
	g.counts.Failed++
	if len(g.counts.Failures) < 20 {
		g.counts.Failures = append(g.counts.Failures, fmt.Sprintf("%s after %s: %v", started.Format("15:04:05.000"), took.Round(time.Millisecond), err))
	}
}

// Since gives what was counted after an earlier reading.
func (c Counts) Since(earlier Counts) Counts {
	out := Counts{Requests: c.Requests - earlier.Requests, Failed: c.Failed - earlier.Failed, Versions: map[string]int{}, Pods: map[string]int{}, Worst: c.Worst}
	for version, n := range c.Versions {
		out.Versions[version] = n - earlier.Versions[version]
	}
	for pod, n := range c.Pods {
		out.Pods[pod] = n - earlier.Pods[pod]
	}
	return out
}

// Share is a version's part of the good answers, in percent.
func (c Counts) Share(version string) float64 {
	good := c.Requests - c.Failed
	if good == 0 {
		return 0
	}
	return 100 * float64(c.Versions[version]) / float64(good)
}
