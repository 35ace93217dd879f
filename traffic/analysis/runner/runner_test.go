// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/types"

	"github.com/evenkeel-dev/evenkeel/traffic/analysis"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

var demo = types.NamespacedName{Namespace: "shop", Name: "demo"}

type provides func(context.Context, analysis.Question) (analysis.Reading, error)

func (p provides) Measure(ctx context.Context, q analysis.Question) (analysis.Reading, error) {
	return p(ctx, q)
}

// dwelling is a canary at a weight that was accepted now.
func dwelling(names ...string) rollout.State {
	s := rollout.State{
		Phase: rollout.Stepping, Stage: rollout.StageDwell, Weight: 20, Exposed: true, Services: []string{"demo"}, Backends: []string{"demo"},
		Canary: rollout.Version{ReplicaSet: "demo-2", Hash: "2"}, Since: time.Now(),
	}
	for _, name := range names {
		s.Analyses = append(s.Analyses, rollout.Analysis{Name: name, Interval: rollout.Duration(30 * time.Second)})
	}
	return s
}

// started is a runner that measures until the test ends, and says whom it woke.
func started(t *testing.T, p provides) (r *Runner, woken *atomic.Int32, stop func()) {
	t.Helper()
	specs := map[string]analysis.Spec{"gate": {Name: "gate", Gate: &analysis.Gate{}}, "other": {Name: "other", Gate: &analysis.Gate{}}}
	counts, err := NewMetrics(prometheus.NewRegistry())
	require.NoError(t, err)
	r = New(Options{Provider: p, Specs: func() map[string]analysis.Spec { return specs }, Metrics: counts})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- r.Start(ctx) }()
	woken = &atomic.Int32{}
	go func() {
		for {
			select {
			case <-r.Wake(analysis.Deployment):
				woken.Add(1)
			case <-ctx.Done():
				return
			}
		}
	}()
	return r, woken, func() {
		cancel()
		require.NoError(t, <-ended)
	}
}

func TestMeasurementsComeAtTheirInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		var last atomic.Pointer[analysis.Question]
		r, woken, stop := started(t, func(_ context.Context, q analysis.Question) (analysis.Reading, error) {
			last.Store(&q)
			return analysis.Reading{Verdict: rollout.Passed, Says: fmt.Sprint("pass ", asked.Add(1))}, nil
		})
		state := dwelling("gate")
		assert.Empty(t, r.Of(demo, state), "nothing is known yet")
		time.Sleep(29 * time.Second)
		synctest.Wait()
		assert.Zero(t, asked.Load(), "not before an interval at the weight")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		assert.Equal(t, map[string]rollout.Measurement{"gate": {At: state.Since.Add(30 * time.Second), Verdict: rollout.Passed, Says: "pass 1"}}, r.Of(demo, state))
		assert.Equal(t, int32(1), woken.Load())
		assert.Equal(t, "shop", last.Load().Namespace)
		assert.Equal(t, state.Since, last.Load().Since)
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Equal(t, int32(3), asked.Load())
		assert.InDelta(t, 3, testutil.ToFloat64(r.counts.measured.WithLabelValues("gate", "webhook", "Passed")), 0)

		again := dwelling("gate") // another step: its own interval
		assert.Equal(t, "pass 3", r.Of(demo, again)["gate"].Says)
		time.Sleep(29 * time.Second)
		synctest.Wait()
		assert.Equal(t, int32(3), asked.Load())

		other := dwelling("gate")
		other.Canary.Hash = "3"
		assert.Empty(t, r.Of(demo, other), "nothing is known about another canary")
		assert.Empty(t, r.Of(demo, rollout.State{}), "what is not in flight wants nothing")
		time.Sleep(time.Hour)
		synctest.Wait()
		assert.Equal(t, int32(3), asked.Load(), "what is not wanted is not asked")
		stop()
	})
}

func TestWhatIsNotAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, stop := started(t, func(ctx context.Context, q analysis.Question) (analysis.Reading, error) {
			if q.Spec.Name == "other" {
				<-ctx.Done()
				return analysis.Reading{}, ctx.Err()
			}
			return analysis.Reading{}, errors.New("it is down")
		})
		state := dwelling("gate", "other", "gone")
		r.Of(demo, state)
		time.Sleep(30*time.Second + longest)
		synctest.Wait()
		known := r.Of(demo, state)
		for name, says := range map[string]string{
			"gate": "nothing is known: it is down", "other": "nothing is known: context deadline exceeded", "gone": "the policy does not have this analysis any more",
		} {
			assert.Equal(t, rollout.Inconclusive, known[name].Verdict, name)
			assert.Equal(t, says, known[name].Says)
		}
		stop()
	})
}

// A StatefulSet's key names its kind, which is asked about, and woken.
func TestWorkloadsOfOtherKinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var last atomic.Pointer[analysis.Question]
		r, woken, stop := started(t, func(_ context.Context, q analysis.Question) (analysis.Reading, error) {
			last.Store(&q)
			return analysis.Reading{Verdict: rollout.Passed}, nil
		})
		r.Of(types.NamespacedName{Namespace: "shop", Name: "StatefulSet/db"}, dwelling("gate"))
		time.Sleep(31 * time.Second)
		one := <-r.Wake(analysis.StatefulSet)
		assert.Equal(t, "db", one.Object.GetName())
		assert.Equal(t, []string{"StatefulSet", "db"}, []string{last.Load().Kind, last.Load().Deployment})
		assert.Zero(t, woken.Load(), "no Deployment is")
		stop()
	})
}

// Slow answers are bounded in number, hold nobody else up for ever, and end with
// the runner: the bubble fails if one goroutine is left.
func TestSlowAnswersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		r, woken, stop := started(t, func(ctx context.Context, _ analysis.Question) (analysis.Reading, error) {
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			select {
			case <-time.After(10 * time.Second):
			case <-ctx.Done():
			}
			return analysis.Reading{Verdict: rollout.Passed}, nil
		})
		state := dwelling("gate", "other")
		for i := range 3 * atOnce {
			r.Of(types.NamespacedName{Namespace: "shop", Name: fmt.Sprint("demo-", i)}, state)
		}
		time.Sleep(30*time.Second + 61*time.Second)
		synctest.Wait()
		assert.Equal(t, int32(atOnce), most.Load())
		assert.GreaterOrEqual(t, woken.Load(), int32(6*atOnce), "each had its turn")
		stop()
		assert.Zero(t, now.Load())
	})
}

func TestMetricsAreRegisteredOnce(t *testing.T) {
	registry := prometheus.NewRegistry()
	_, err := NewMetrics(registry)
	require.NoError(t, err)
	_, err = NewMetrics(registry)
	require.ErrorContains(t, err, "cannot register the metrics of analyses")
}

// The series are those of the policy: an analysis is shown before it measures, and
// not any more when the policy has it no more.
func TestMetricsFollowThePolicy(t *testing.T) {
	registry := prometheus.NewRegistry()
	counts, err := NewMetrics(registry)
	require.NoError(t, err)
	shown := func() map[string]float64 {
		families, err := registry.Gather()
		require.NoError(t, err)
		out := map[string]float64{}
		for _, family := range families {
			for _, one := range family.GetMetric() {
				text := ""
				for _, label := range one.GetLabel() {
					text += label.GetValue() + " "
				}
				out[text] = one.GetCounter().GetValue()
			}
		}
		return out
	}
	assert.Empty(t, shown(), "no policy yet")
	specs := map[string]analysis.Spec{"gate": {Name: "gate", Gate: &analysis.Gate{}}, "pods": {Name: "pods", Pods: &analysis.Pods{}}}
	New(Options{Specs: func() map[string]analysis.Spec { return specs }, Metrics: counts})
	counts.saw(specs["gate"], rollout.Failed)
	assert.Equal(t, map[string]float64{
		"gate webhook Passed ": 0, "gate webhook Failed ": 1, "gate webhook Inconclusive ": 0, "pods pods Passed ": 0, "pods pods Failed ": 0, "pods pods Inconclusive ": 0,
	}, shown())
	gone := specs["gate"]
	delete(specs, "gate")
	counts.saw(gone, rollout.Failed)
	assert.Equal(t, map[string]float64{"pods pods Passed ": 0, "pods pods Failed ": 0, "pods pods Inconclusive ": 0}, shown())
	specs["pods"] = analysis.Spec{Name: "pods", Gate: &analysis.Gate{}}
	assert.Equal(t, map[string]float64{"pods webhook Passed ": 0, "pods webhook Failed ": 0, "pods webhook Inconclusive ": 0}, shown())
}
