// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

const head = "apiVersion: policy.evenkeel.dev/v1alpha1\nkind: RolloutPolicy\n"

// rails are those of a policy, in a cluster with objects.
func rails(t *testing.T, text string, objects ...client.Object) (*Rails, *events.FakeRecorder) {
	t.Helper()
	store, told := config.NewStore(), events.NewFakeRecorder(10)
	require.NoError(t, store.Offer([]byte(head+text)))
	counts, err := NewMetrics(prometheus.NewRegistry())
	require.NoError(t, err)
	return New(fake.NewClientBuilder().WithScheme(scheme.Scheme).WithObjects(objects...).Build(), store, told, counts), told
}

// object is a workload, with the words of an override where there is one.
func object(id ID, override string) client.Object {
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: id.Namespace, Name: id.Name}}
	if override != "" {
		d.Annotations = map[string]string{policy.OverrideAnnotation: override + "until=2026-11-23T13:00:00Z; reason=INC-1234"}
	}
	return d
}

func prepares(minutes int) Flight {
	return Flight{Phase: rollout.Preparing, Since: noon.Add(-time.Duration(minutes) * time.Minute)}
}

func steps() Flight { return Flight{Phase: rollout.Stepping, Since: noon} }

// look is one look at a workload without an override.
func (r *Rails) look(t *testing.T, id ID, flight Flight) string {
	t.Helper()
	v, err := r.Look(t.Context(), object(id, ""), id, flight, noon)
	require.NoError(t, err)
	return v.Closed.Why
}

// wokenNames are those that are to be looked at.
func (r *Rails) wokenNames(kind string) (names []string) {
	for {
		select {
		case one := <-r.woken[kind]:
			names = append(names, one.Object.GetName())
		default:
			return names
		}
	}
}

const full = "a place for releases in the cluster is free (budget.cluster: 1)"

// A place is kept from when it was given, whatever the cache says of its holder.
func TestAPlaceIsGivenOnce(t *testing.T) {
	r, _ := rails(t, "budget: {cluster: 1}")
	first, second, third := at("shop", "first"), at("shop", "second"), ID{"StatefulSet", "shop", "third"}
	assert.Empty(t, r.look(t, first, prepares(1)))
	assert.Equal(t, full, r.look(t, second, prepares(9)), "although it is older: the gate of the first may be open already")
	assert.Equal(t, full, r.look(t, third, prepares(2)))
	assert.Empty(t, r.look(t, first, prepares(1)), "the cache lags")
	assert.Empty(t, r.look(t, first, steps()))
	assert.Empty(t, r.look(t, first, prepares(0)), "another template: it keeps its place")
	assert.Empty(t, r.look(t, first, Flight{Phase: rollout.RollingBack}))
	assert.Empty(t, r.wokenNames("Deployment"))

	assert.Empty(t, r.look(t, first, Flight{Phase: rollout.RolledBack}))
	assert.Equal(t, []string{"second"}, r.wokenNames("Deployment"), "the older of those that wait, and nobody else")
	assert.Empty(t, r.wokenNames("StatefulSet"))
	assert.Equal(t, full, r.look(t, third, prepares(2)), "it is the other's turn")
	assert.Empty(t, r.look(t, second, prepares(9)))
	r.Left(second)
	assert.Equal(t, []string{"third"}, r.wokenNames("StatefulSet"))
	assert.Empty(t, r.look(t, third, prepares(2)))
}

// One that waits for something else has no place, and gives one back.
func TestWhoCannotUseAPlaceHasNone(t *testing.T) {
	r, _ := rails(t, `budget: {cluster: 1}
rules:
- name: nights
  match: {namespaces: [night]}
  rollout: {windows: [{cron: "0 22 * * *", duration: 8h}]}
`)
	assert.Equal(t, "the release window opens (Mon 2026-11-23 22:00 UTC)", r.look(t, at("night", "old"), prepares(60)))
	held := prepares(50)
	held.Held = true
	assert.Empty(t, r.look(t, at("shop", "held"), held), "its own wait says so")
	assert.Empty(t, r.look(t, at("shop", "rolling"), Flight{Phase: rollout.Stepping, Rolling: true}), "it has no gate")
	assert.Empty(t, r.look(t, at("shop", "young"), prepares(1)))
	assert.Equal(t, full, r.look(t, at("shop", "younger"), prepares(0)))
	held.Phase, held.Since = rollout.Preparing, noon
	assert.Empty(t, r.look(t, at("shop", "young"), held), "it gives its place back")
	assert.Equal(t, []string{"younger"}, r.wokenNames("Deployment"))
}

// A window that closes before the gate was opened takes the place back once the
// state says so: until then the cache may lag behind a gate that is open.
func TestAWindowThatClosesTakesThePlaceBack(t *testing.T) {
	r, _ := rails(t, `budget: {cluster: 1}
rules: [{name: nights, match: {namespaces: [night]}, rollout: {windows: [{cron: "0 11 * * *", duration: 1h}]}}]
`)
	id, waits := at("night", "demo"), prepares(5)
	_, err := r.Look(t.Context(), object(id, ""), id, waits, noon.Add(-time.Minute))
	require.NoError(t, err)
	assert.Contains(t, r.look(t, id, waits), "the release window opens")
	assert.Equal(t, full, r.look(t, at("shop", "other"), prepares(1)))
	waits.Closed = true
	assert.Contains(t, r.look(t, id, waits), "the release window opens")
	assert.Equal(t, []string{"other"}, r.wokenNames("Deployment"))
	assert.Empty(t, r.look(t, at("shop", "other"), prepares(1)))
}

// A new leader reads who has a place from the states that are there.
func TestANewLeaderKnowsThePlaces(t *testing.T) {
	write := func(name string, phase rollout.Phase, stage rollout.Stage, strategy string) client.Object {
		d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, Labels: map[string]string{rollout.InFlightLabel: "true"}}}
		state := rollout.State{Phase: phase, Stage: stage, Strategy: strategy, Since: noon, User: &rollout.Knobs{}}
		d.Annotations = map[string]string{rollout.StateAnnotation: state.String()}
		return d
	}
	set := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "set", Labels: map[string]string{rollout.InFlightLabel: "true"}}}
	set.Annotations = map[string]string{rollout.StateAnnotation: `{"phase":"Stepping","stage":"batch","step":0,"user":{"statefulSet":{}}}`}
	broken := write("broken", rollout.Stepping, rollout.StageDwell, rollout.Canary)
	broken.SetAnnotations(map[string]string{rollout.StateAnnotation: "{"})
	r, _ := rails(t, "budget: {cluster: 2}", set, broken, write("steps", rollout.Stepping, rollout.StageDwell, rollout.Canary),
		write("rolling", rollout.Stepping, rollout.StageRoll, rollout.Rolling), write("waits", rollout.Preparing, rollout.StagePrepare, rollout.Canary))
	const two = "a place for releases in the cluster is free (budget.cluster: 2)"
	assert.Equal(t, two, r.look(t, at("shop", "new"), prepares(-1)))
	r.Left(ID{"StatefulSet", "shop", "set"})
	assert.Equal(t, two, r.look(t, at("shop", "new"), prepares(-1)), "another is before it")
	assert.Equal(t, []string{"waits"}, r.wokenNames("Deployment"))
}

// What an emergency lets pass is told with its reason, and counted.
func TestAnOverrideIsReported(t *testing.T) {
	const closed = `budget: {cluster: 1}
defaults:
  rollout:
    minStep: 5m
    windows: [{cron: "0 22 * * *", duration: 8h}]
    freezes: [{from: 2026-11-23T00:00:00Z, until: 2026-11-24T00:00:00Z, reason: an audit}]
`
	for name, row := range map[string]struct {
		override string
		hurried  bool
		why      string
		told     []string
	}{
		"nothing":    {"", true, "a freeze until 2026-11-24T00:00:00Z is over: an audit", nil},
		"one of two": {"checks=freeze; ", false, "the release window opens (Mon 2026-11-23 22:00 UTC)", nil},
		"both":       {"checks=freeze,window; ", false, full, []string{"freeze"}},
		"all":        {" ", false, "", []string{"freeze, budget"}},
		"a step":     {"checks=min-step; ", true, "a freeze until 2026-11-24T00:00:00Z is over: an audit", []string{"min-step"}},
	} {
		t.Run(name, func(t *testing.T) {
			r, told := rails(t, closed)
			taken, id := at("shop", "taken"), at("shop", "demo")
			r.look(t, taken, steps())
			v, err := r.Look(t.Context(), object(id, row.override), id, prepares(1), noon)
			require.NoError(t, err)
			assert.Equal(t, row.why, v.Closed.Why)
			r.Passed(object(id, row.override), v, "jane@example.com", row.hurried)
			if row.told == nil {
				assert.Empty(t, told.Events)
				return
			}
			assert.Equal(t, "Warning GuardOverridden "+row.told[0]+" overridden until 2026-11-23T13:00:00Z: INC-1234 (by: jane@example.com)", <-told.Events)
			assert.InDelta(t, 1, testutil.ToFloat64(r.counts.passed.WithLabelValues("freeze"))+testutil.ToFloat64(r.counts.passed.WithLabelValues("min-step")), 0)
		})
	}
}

// Whoever waits looks again soon enough to see a policy that changed.
func TestWhatWaitsLooksAgain(t *testing.T) {
	closed := Verdict{Closed: rollout.Closed{Why: "x"}}
	assert.Equal(t, time.Minute, closed.Sooner(0))
	assert.Equal(t, time.Minute, closed.Sooner(time.Hour))
	assert.Equal(t, time.Second, closed.Sooner(time.Second))
	assert.Equal(t, time.Hour, Verdict{}.Sooner(time.Hour))
}

// The policy of a namespace is found by its labels, also of one that is younger
// than the cache.
func TestThePolicyOfANamespace(t *testing.T) {
	const labelled = `rules:
- name: production
  match: {namespaceSelector: {matchLabels: {env: production}}}
  rollout: {freezes: [{from: 2026-11-23T00:00:00Z, until: 2026-11-24T00:00:00Z, reason: an audit}]}
`
	r, _ := rails(t, labelled, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop", Labels: map[string]string{"env": "production"}}})
	assert.NotEmpty(t, r.look(t, at("shop", "demo"), prepares(0)))
	assert.Empty(t, r.look(t, at("young", "demo"), prepares(0)))
}

// Without rails nothing is closed.
func TestNoRails(t *testing.T) {
	var r *Rails
	assert.Empty(t, r.look(t, at("shop", "demo"), prepares(0)))
	r.Left(at("shop", "demo"))
	r.Passed(object(at("shop", "demo"), ""), Verdict{}, "", true)
	assert.Nil(t, r.Woken("Deployment"))
}

// However many look at once, no more get places than there are.
func TestManyLookAtOnce(t *testing.T) {
	r, _ := rails(t, "budget: {cluster: 3}")
	var all sync.WaitGroup
	var given atomic.Int32
	for i := range 40 {
		all.Go(func() {
			id := at("shop", fmt.Sprint("demo-", i))
			v, err := r.Look(t.Context(), object(id, ""), id, prepares(i), noon)
			assert.NoError(t, err)
			if v.Closed.Why == "" {
				given.Add(1)
			}
		})
	}
	all.Wait()
	assert.Equal(t, int32(3), given.Load())
}
