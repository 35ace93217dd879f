// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// results are what a run has measured.
type results struct {
	options
	restFor time.Duration
	atRest  usage
	idle    writes
	rounds  []round
}

// round is what came of releasing all canaries once.
type round struct {
	name                        string
	canaries, completed, others int
	// took are the times from start to end, waits the time that each has anyway.
	took  []time.Duration
	waits time.Duration
	// follows are the times from a weight decided to the route that shows it.
	follows []time.Duration
	spent   usage
	// probe are the times of single API writes meanwhile.
	probe writes
}

// newRound makes figures of what was seen.
func newRound(name string, releases []release, waits time.Duration, spent usage, probe writes) round {
	r := round{name: name, canaries: len(releases), waits: waits, spent: spent, probe: probe}
	for _, one := range releases {
		switch {
		case one.ended.IsZero():
		case one.last.Phase == rollout.Completed:
			r.completed++
			r.took = append(r.took, one.ended.Sub(one.sent))
		default:
			r.others++
		}
		for weight, decided := range one.decided {
			if shown := one.shown[weight]; !shown.IsZero() {
				r.follows = append(r.follows, shown.Sub(decided))
			}
		}
	}
	return r
}

// table is the Markdown of all figures.
func (r results) table() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%d Deployments with a Service and an HTTPRoute each, %d a namespace; %d of them have one pod and are released (%s, settle %s, scale-down delay %s), the others have none.\n\n",
		r.deployments, r.perNamespace, r.canaries, r.steps, r.settle, r.delay)
	out.WriteString("| at rest, all managers | |\n| --- | ---: |\n")
	minutes := r.restFor.Minutes()
	fmt.Fprintf(&out, "| resident memory of each, MiB | %s |\n", mebibytes(r.atRest.rss))
	fmt.Fprintf(&out, "| CPU, millicores over %s | %.1f |\n", r.restFor.Round(time.Second), 1000*r.atRest.cpu/r.restFor.Seconds())
	fmt.Fprintf(&out, "| API writes a minute, besides the leader's lease and Events | %.1f |\n", r.atRest.own()/minutes)
	fmt.Fprintf(&out, "| renewals of the lease a minute | %.1f |\n", float64(r.atRest.leases)/minutes)
	fmt.Fprintf(&out, "| Events a minute | %.1f |\n", float64(r.atRest.events)/minutes)
	fmt.Fprintf(&out, "| an API write that nobody reviews, p50, ms | %.1f |\n", ms(at(r.idle.plain, 50)))
	fmt.Fprintf(&out, "| an API write that Evenkeel reviews, p50, ms | %.1f |\n", ms(at(r.idle.reviewed, 50)))
	steps, _ := rollout.ParseSteps(r.steps)
	for _, one := range r.rounds {
		out.WriteString("\n" + one.table(len(steps)))
	}
	return out.String()
}

func (r round) table(steps int) string {
	var out strings.Builder
	canaries, plain, reviewed := float64(r.canaries), at(r.probe.plain, 50), at(r.probe.reviewed, 50)
	row := func(what, value string) { fmt.Fprintf(&out, "| %s | %s |\n", what, value) }
	row(fmt.Sprintf("%d canaries, %s", r.canaries, r.name), "")
	row("---", "---:")
	row("completed, otherwise ended, not ended", fmt.Sprintf("%d, %d, %d", r.completed, r.others, r.canaries-r.completed-r.others))
	row("time of a release, p50, p99, s", fmt.Sprintf("%.1f, %.1f", at(r.took, 50).Seconds(), at(r.took, 99).Seconds()))
	row(fmt.Sprintf("against its own waits of %s, p50, p99 (aim 1.10)", r.waits), fmt.Sprintf("%.2f, %.2f", ratio(at(r.took, 50), r.waits), ratio(at(r.took, 99), r.waits)))
	row(fmt.Sprintf("API writes a canary, besides lease and Events (aim %d)", 12+2*steps), fmt.Sprintf("%.1f", r.spent.own()/canaries))
	row("of these met another's write (409), all told", fmt.Sprintf("%.0f", r.spent.refused))
	row("Events a canary", fmt.Sprintf("%.1f", float64(r.spent.events)/canaries))
	row("CPU of all managers a canary, ms", fmt.Sprintf("%.1f", 1000*r.spent.cpu/canaries))
	row("resident memory of each manager after it, MiB", mebibytes(r.spent.rss))
	row("meanwhile an API write that nobody reviews, p50, p99, ms", fmt.Sprintf("%.1f, %.1f", ms(plain), ms(at(r.probe.plain, 99))))
	row("meanwhile an API write that Evenkeel reviews, p50, p99, ms", fmt.Sprintf("%.1f, %.1f", ms(reviewed), ms(at(r.probe.reviewed, 99))))
	row("weight decided to route written, p50, p99, ms", fmt.Sprintf("%.1f, %.1f", ms(at(r.follows, 50)), ms(at(r.follows, 99))))
	row("against the p50 of a write that nobody reviews, p50, p99 (aim 3.0)", fmt.Sprintf("%.1f, %.1f", ratio(at(r.follows, 50), plain), ratio(at(r.follows, 99), plain)))
	row("against the p50 of a write that Evenkeel reviews, as the route's is, p50, p99", fmt.Sprintf("%.1f, %.1f", ratio(at(r.follows, 50), reviewed), ratio(at(r.follows, 99), reviewed)))
	return out.String()
}

// at is the time that so many percent of all times, or more, do not exceed.
func at(times []time.Duration, percent int) time.Duration {
	if len(times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(times))
	return sorted[(len(sorted)*percent+99)/100-1]
}

func ms(d time.Duration) float64 { return d.Seconds() * 1e3 }

func ratio(a, b time.Duration) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

func mebibytes(all []float64) string {
	words := make([]string, len(all))
	for i, bytes := range all {
		words[i] = fmt.Sprintf("%.0f", bytes/(1<<20))
	}
	return strings.Join(words, ", ")
}
