// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/evenkeel-dev/evenkeel/test/load"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

const (
	// lag is how long the data plane may take after a weight was seen.
	lag = 2 * time.Second
	// tolerance is how far the measured share may be from the weight, in points.
	tolerance = 2.0
	// enough requests make a share worth judging.
	enough = 400
)

// meter measures the share of a version while a weight stands.
type meter struct {
	version string
	weight  int
	since   time.Time
	from    *load.Counts
}

// follow shows a rollout until it ends, and judges the share of each weight.
func (d *demo) follow(ctx context.Context, version string) (rollout.State, error) {
	m := &meter{version: version, weight: -1}
	for {
		seen, err := d.cluster.look(ctx)
		if err != nil {
			return rollout.State{}, err
		}
		counts := d.load.Counts()
		if seen.weight != m.weight {
			d.judge(m, counts)
			m.weight, m.since, m.from = seen.weight, time.Now(), nil
		}
		if m.from == nil && time.Since(m.since) > lag {
			m.from = &counts
		}
		d.view.show(seen, m.share(counts), counts)
		if !seen.state.InFlight() && seen.state.Phase != "" {
			d.judge(m, counts)
			d.view.end()
			return seen.state, nil
		}
		select {
		case <-ctx.Done():
			return seen.state, fmt.Errorf("the rollout did not end: %w", ctx.Err())
		case <-time.After(300 * time.Millisecond):
		}
	}
}

func (m *meter) share(now load.Counts) string {
	if m.from == nil {
		return "..."
	}
	return fmt.Sprintf("%.1f%%", now.Since(*m.from).Share(m.version))
}

// judge compares the measured share of a weight that stood long enough.
func (d *demo) judge(m *meter, now load.Counts) {
	if m.from == nil || m.weight <= 0 {
		return
	}
	window := now.Since(*m.from)
	if window.Requests < enough {
		return
	}
	share := window.Share(m.version)
	d.view.end()
	d.view.line("weight %d%%: measured share %.1f%% of %d requests", m.weight, share, window.Requests)
	d.expect(math.Abs(share-float64(m.weight)) <= tolerance, "at weight %d%% the share was %.1f%%", m.weight, share)
}
