// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

func known(value, count float64) Sample {
	return Sample{Known: true, Value: value, Counted: true, Count: count}
}

func TestJudge(t *testing.T) {
	success := Spec{Prometheus: &Prometheus{BuiltIn: SuccessRate}, Min: ptr.To(99.0)}
	latency := Spec{Prometheus: &Prometheus{BuiltIn: Latency}, Max: ptr.To(0.5)}
	with := func(s Spec, edit func(*Spec)) Spec { edit(&s); return s }
	for name, row := range map[string]struct {
		spec           Spec
		weight         int
		canary, stable Sample
		verdict        rollout.Verdict
		says           string
	}{
		"well":            {spec: success, canary: known(99.9, 1000), verdict: rollout.Passed, says: "the canary's value is 99.9% of 1000 requests"},
		"at its bound":    {spec: success, canary: known(99, 1000), verdict: rollout.Passed, says: "the canary's value is 99% of 1000 requests"},
		"too many errors": {spec: success, canary: known(80.123456, 412), verdict: rollout.Failed, says: "the canary's value is 80.12% of 412 requests: less than 99%"},
		"too slow":        {spec: latency, canary: known(1.25, 412), verdict: rollout.Failed, says: "the canary's value is 1.25s of 412 requests: more than 0.5s"},
		"no data":         {spec: success, verdict: rollout.Inconclusive, says: "there is no data about the canary since its weight was accepted"},
		"too little": {
			spec: with(success, func(s *Spec) { s.MinSamples = 20 }), canary: known(0, 19), verdict: rollout.Inconclusive, says: "the canary had 19 requests, and 20 are needed",
		},
		"just enough": {
			spec: with(success, func(s *Spec) { s.MinSamples = 20 }), canary: known(0, 20), verdict: rollout.Failed, says: "the canary's value is 0% of 20 requests: less than 99%",
		},
		"uncounted": {
			spec: with(success, func(s *Spec) { s.MinSamples = 20 }), canary: Sample{Known: true, Value: 100}, verdict: rollout.Inconclusive,
			says: "nothing says how many requests of the canary were counted, and 20 are needed",
		},
		"worse than stable, in points": {
			spec: Spec{Prometheus: success.Prometheus, Compare: &Compare{Difference: ptr.To(1.0)}}, canary: known(98, 100), stable: known(99.5, 400), verdict: rollout.Failed,
			says: "the canary's value is 98% of 100 requests, stable's 99.5% of 400 requests: worse by 1.5%, and 1% may lie between the two",
		},
		"as bad as stable": {
			spec: Spec{Prometheus: success.Prometheus, Compare: &Compare{Difference: ptr.To(1.0)}}, canary: known(90, 100), stable: known(90.5, 400), verdict: rollout.Passed,
			says: "the canary's value is 90% of 100 requests, stable's 90.5% of 400 requests",
		},
		"better than stable": {
			spec: Spec{Prometheus: success.Prometheus, Compare: &Compare{Difference: ptr.To(1.0)}}, canary: known(99, 100), stable: known(90, 400), verdict: rollout.Passed,
			says: "the canary's value is 99% of 100 requests, stable's 90% of 400 requests",
		},
		"slower than stable, by a ratio": {
			spec: Spec{Prometheus: latency.Prometheus, Compare: &Compare{Ratio: ptr.To(1.2)}}, canary: known(0.13, 100), stable: known(0.1, 400), verdict: rollout.Failed,
			says: "the canary's value is 0.13s of 100 requests, stable's 0.1s of 400 requests: worse by more than the ratio of 1.2",
		},
		"less than stable, by a ratio, where more is better": {
			spec: Spec{Prometheus: &Prometheus{Query: "q"}, Min: ptr.To(0.0), Compare: &Compare{Ratio: ptr.To(2.0)}}, canary: known(4, 1), stable: known(9, 1), verdict: rollout.Failed,
			says: "the canary's value is 4 of 1 requests, stable's 9 of 1 requests: worse by more than the ratio of 2",
		},
		"both bounds": {
			spec: with(latency, func(s *Spec) { s.Compare = &Compare{Ratio: ptr.To(1.2)} }), canary: known(2, 100), stable: known(1, 400), verdict: rollout.Failed,
			says: "the canary's value is 2s of 100 requests, stable's 1s of 400 requests: more than 0.5s, and worse by more than the ratio of 1.2",
		},
		"stable says nothing": {
			spec: Spec{Prometheus: success.Prometheus, Compare: &Compare{Ratio: ptr.To(1.2)}}, canary: known(100, 100), verdict: rollout.Inconclusive,
			says: "there is no data about stable since its weight was accepted",
		},
		"stable has no traffic any more": {
			spec: with(success, func(s *Spec) { s.Compare = &Compare{Ratio: ptr.To(1.2)} }), weight: 100, canary: known(100, 100), verdict: rollout.Passed,
			says: "the canary's value is 100% of 100 requests",
		},
	} {
		t.Run(name, func(t *testing.T) {
			q := Question{Spec: row.spec, State: rollout.State{Weight: row.weight}}
			verdict, says := Judge(q, Reading{Samples: map[Version]Sample{Canary: row.canary, Stable: row.stable}})
			assert.Equal(t, row.verdict, verdict)
			assert.Equal(t, row.says, says)
		})
	}
}

func TestAGateSaysItself(t *testing.T) {
	verdict, says := Judge(Question{Spec: Spec{Gate: &Gate{}}}, Reading{Verdict: rollout.Failed, Says: "it is Friday"})
	assert.Equal(t, rollout.Failed, verdict)
	assert.Equal(t, "it is Friday", says)
	verdict, says = Unknown(errors.New("it is down"))
	assert.Equal(t, rollout.Inconclusive, verdict)
	assert.Equal(t, "nothing is known: it is down", says)
}

func TestWhatASpecIs(t *testing.T) {
	assert.Equal(t, "pods", Spec{Pods: &Pods{}}.Provider())
	assert.Equal(t, "webhook", Spec{Gate: &Gate{}}.Provider())
	assert.Equal(t, "prometheus", Spec{Prometheus: &Prometheus{}}.Provider())
	assert.True(t, Spec{Compare: &Compare{}}.OnlyCompares())
	assert.False(t, Spec{Compare: &Compare{}, Max: ptr.To(1.0)}.OnlyCompares())
	assert.False(t, Spec{Max: ptr.To(1.0)}.OnlyCompares())
}

// A query looks back to when the weight was accepted, and not further than its window.
func TestTheWindowBeginsWithTheWeight(t *testing.T) {
	for after, want := range map[time.Duration]string{0: "1s", 3500 * time.Millisecond: "3s", time.Minute: "60s", time.Hour: "120s"} {
		q := Question{Spec: Spec{Prometheus: &Prometheus{Window: 2 * time.Minute}}, Since: time.Unix(0, 0), At: time.Unix(0, 0).Add(after)}
		assert.Equal(t, want, q.Vars(Canary).Window)
	}
}
