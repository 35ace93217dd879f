// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Counts are what was seen.
type Counts struct {
	Requests, Failed int
	// Reused is how many requests went over a connection that was kept alive.
	Reused int
	// Retried is how many requests the client's library asked again by itself, as
	// every client may: a kept connection was closed just when it was used.
	Retried int
	// Versions and Pods count the good answers.
	Versions, Pods map[string]int
	// Worst is the longest that a request took, since the start.
	Worst time.Duration
	// Failures are the first failures' times and texts, at most 20.
	Failures []string
}

// answer is what became of one request.
type answer struct {
	version, pod string
	reused       bool
	attempts     int
	started      time.Time
	took         time.Duration
	err          error
}

// add counts one answer.
func (c *Counts) add(a answer) {
	c.Requests++
	c.Worst = max(c.Worst, a.took)
	if a.reused {
		c.Reused++
	}
	if a.attempts > 1 {
		c.Retried++
	}
	if a.err == nil {
		c.Versions[a.version]++
		c.Pods[a.pod]++
		return
	}
	c.Failed++
	if len(c.Failures) < maxFailures {
		c.Failures = append(c.Failures, fmt.Sprintf("%s after %s: %v", a.started.Format("15:04:05.000"), a.took.Round(time.Millisecond), a.err))
	}
}

// clone gives a copy that shares nothing.
func (c *Counts) clone() Counts {
	out := *c
	out.Versions, out.Pods, out.Failures = maps.Clone(c.Versions), maps.Clone(c.Pods), slices.Clone(c.Failures)
	return out
}

// Since gives what was counted after an earlier reading. The texts of Failures
// and Worst are not told apart by time: the one is empty, the other that of c.
func (c Counts) Since(earlier Counts) Counts {
	return Counts{
		Requests: c.Requests - earlier.Requests, Failed: c.Failed - earlier.Failed, Reused: c.Reused - earlier.Reused, Retried: c.Retried - earlier.Retried,
		Versions: minus(c.Versions, earlier.Versions), Pods: minus(c.Pods, earlier.Pods), Worst: c.Worst,
	}
}

func minus(now, earlier map[string]int) map[string]int {
	out := map[string]int{}
	for name, n := range now {
		if n > earlier[name] {
			out[name] = n - earlier[name]
		}
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
