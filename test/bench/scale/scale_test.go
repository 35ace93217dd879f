// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

func TestSizesAreRefusedThatMeasureNothing(t *testing.T) {
	for want, args := range map[string][]string{
		"-steps=20%:pause,100% never ends by itself: leave out the pause": {"-steps=20%:pause,100%"},
		"-canaries=5: use 1 to -deployments=3":                            {"-deployments=3", "-canaries=5"},
		"-canaries=0: use 1 to -deployments=3":                            {"-deployments=3", "-canaries=0"},
	} {
		_, err := parse(args)
		assert.EqualError(t, err, want)
	}
	o, err := parse(nil)
	require.NoError(t, err)
	assert.Equal(t, 10000, o.deployments)
	assert.Equal(t, 1000, o.canaries)
}

func TestOwnWaits(t *testing.T) {
	for steps, want := range map[string]time.Duration{
		"100%":               25*time.Second + 5*time.Second, // prepare, service, drain and its delay; a step settles
		"20%:1m,100%":        25*time.Second + time.Minute + 5*time.Second,
		"20%:1s,50%:9s,100%": 25*time.Second + 5*time.Second + 9*time.Second + 5*time.Second,
	} {
		o := options{steps: steps, settle: 5 * time.Second, delay: 10 * time.Second}
		assert.Equal(t, want, o.waits(), steps)
	}
}

func TestObjectsBelongTogether(t *testing.T) {
	o := options{perNamespace: 100, deployments: 250, canaries: 3}
	seen := map[string]int{}
	for i := range o.deployments {
		d, s, r := o.deployment(i), o.service(i), o.route(i)
		assert.Equal(t, d.Namespace, s.Namespace)
		assert.Equal(t, d.Namespace, r.Namespace)
		assert.Equal(t, d.Spec.Selector.MatchLabels, s.Spec.Selector)
		assert.Equal(t, s.Name, string(r.Spec.Rules[0].BackendRefs[0].Name))
		assert.Equal(t, i < o.canaries, *d.Spec.Replicas == 1)
		seen[d.Namespace]++
	}
	assert.Equal(t, map[string]int{"scale-000": 84, "scale-001": 83, "scale-002": 83}, seen)
}

var key = types.NamespacedName{Namespace: "scale-000", Name: "app-00000"}

// shows is the Deployment with a state.
func shows(s rollout.State) *appsv1.Deployment {
	d := (options{perNamespace: 100, deployments: 1, canaries: 1}).deployment(0)
	s.User = &rollout.Knobs{}
	d.Annotations[rollout.StateAnnotation] = s.String()
	return d
}

// divided is its route with weights; none where both are nil.
func divided(stable, canary *int32) *gatewayv1.HTTPRoute {
	r := (options{perNamespace: 100, deployments: 1, canaries: 1}).route(0)
	backends := r.Spec.Rules[0].BackendRefs
	backends[0].Weight = stable
	if canary != nil {
		second := *backends[0].DeepCopy()
		second.Name, second.Weight = "app-00000-canary", canary
		r.Spec.Rules[0].BackendRefs = append(backends, second)
	}
	return r
}

func TestARoundIsWhatWasSeen(t *testing.T) {
	s, began := newSightings(), time.Unix(1000, 0)
	after := func(seconds int) time.Time { return began.Add(time.Duration(seconds) * time.Second) }
	s.sent(key, began)
	s.deployment(shows(rollout.State{Phase: rollout.Completed}), after(1)) // of the round before
	assert.Zero(t, s.ended())
	s.route(divided(nil, nil), after(1))
	s.deployment(shows(rollout.State{Phase: rollout.Stepping, Stage: rollout.StageShift, Weight: 20}), after(2))
	s.deployment(shows(rollout.State{Phase: rollout.Stepping, Stage: rollout.StageShift, Weight: 20}), after(3))
	s.route(divided(ptr.To[int32](80), ptr.To[int32](20)), after(5))
	s.route(divided(ptr.To[int32](80), ptr.To[int32](20)), after(6))
	s.deployment(shows(rollout.State{Phase: rollout.Completed}), after(30))
	assert.Equal(t, 1, s.ended())

	r := newRound("once", s.all(), 20*time.Second, usage{}, writes{})
	assert.Equal(t, 1, r.completed)
	assert.Equal(t, []time.Duration{30 * time.Second}, r.took)
	assert.Equal(t, []time.Duration{3 * time.Second}, r.follows)
	s.forget()
	assert.Empty(t, s.all())
}

func TestARollbackIsNotCompleted(t *testing.T) {
	s := newSightings()
	s.sent(key, time.Unix(0, 0))
	s.deployment(shows(rollout.State{Phase: rollout.RollingBack}), time.Unix(1, 0))
	s.deployment(shows(rollout.State{Phase: rollout.RolledBack}), time.Unix(2, 0))
	r := newRound("once", s.all(), time.Second, usage{}, writes{})
	assert.Equal(t, 1, r.others)
	assert.Zero(t, r.completed)
	assert.Empty(t, r.took)
}

const metrics = `# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 1.048576e+08
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 2.5
# TYPE rest_client_requests_total counter
rest_client_requests_total{code="200",host="h",method="GET"} 1000
rest_client_requests_total{code="200",host="h",method="PATCH"} 30
rest_client_requests_total{code="409",host="h",method="PATCH"} 2
rest_client_requests_total{code="201",host="h",method="POST"} 10
`

func TestUsageIsWhatTheMetricsSay(t *testing.T) {
	var before usage
	require.NoError(t, before.add([]byte(metrics)))
	require.NoError(t, before.add([]byte(metrics)))
	assert.Equal(t, usage{rss: []float64{100 << 20, 100 << 20}, cpu: 5, writes: 84, refused: 4}, before)
	require.EqualError(t, before.add(nil), "there is no process_resident_memory_bytes")

	after := before
	after.cpu, after.writes, after.leases, after.events = 7, 184, 60, 10
	spent, err := after.since(before)
	require.NoError(t, err)
	assert.InDelta(t, 2, spent.cpu, 0)
	assert.InDelta(t, 30, spent.own(), 0)
	after.pods = []string{"another"}
	_, err = after.since(before)
	require.ErrorContains(t, err, "a manager was started again")
}

func TestTheTable(t *testing.T) {
	times := func(all ...int) (out []time.Duration) {
		for _, n := range all {
			out = append(out, time.Duration(n)*time.Millisecond)
		}
		return out
	}
	text := results{
		options: options{perNamespace: 100, deployments: 200, canaries: 20, steps: "20%:5s,100%"}, restFor: 2 * time.Minute, idle: writes{plain: times(2)},
		atRest: usage{rss: []float64{50 << 20, 60 << 20}, cpu: 1.2, writes: 70, leases: 60, events: 4},
		rounds: []round{{
			name: "all at once", canaries: 20, completed: 18, others: 1, took: times(11000, 12000, 13000), waits: 10 * time.Second,
			follows: times(30, 10, 20), probe: writes{plain: times(5, 5, 9), reviewed: times(10)}, spent: usage{rss: []float64{70 << 20}, writes: 500, leases: 10, events: 90},
		}},
	}.table()
	for _, line := range []string{
		"| resident memory of each, MiB | 50, 60 |",
		"| CPU, millicores over 2m0s | 10.0 |",
		"| API writes a minute, besides the leader's lease and Events | 3.0 |",
		"| completed, otherwise ended, not ended | 18, 1, 1 |",
		"| against its own waits of 10s, p50, p99 (aim 1.10) | 1.20, 1.30 |",
		"| API writes a canary, besides lease and Events (aim 16) | 20.0 |",
		"| weight decided to route written, p50, p99, ms | 20.0, 30.0 |",
		"| against the p50 of a write that nobody reviews, p50, p99 (aim 3.0) | 4.0, 6.0 |",
		"| against the p50 of a write that Evenkeel reviews, as the route's is, p50, p99 | 2.0, 3.0 |",
	} {
		assert.Contains(t, text, line+"\n")
	}
}
