// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/evenkeel-dev/evenkeel/traffic/archive"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// witness knows what it was told, and keeps what was wanted of it.
type witness struct {
	knows  map[string]rollout.Measurement
	wanted []string
}

func (w *witness) Of(_ types.NamespacedName, state rollout.State) map[string]rollout.Measurement {
	w.wanted = nil
	for _, a := range state.Measured() {
		w.wanted = append(w.wanted, a.Name)
	}
	return w.knows
}

func (w *witness) Wake(string) <-chan event.GenericEvent { return nil }

// dwelling is a canary whose weight was accepted a minute ago.
func dwelling() rollout.State {
	s := ready()
	s.Stage, s.Weight, s.Exposed, s.Since = rollout.StageDwell, 50, true, morning.Add(-time.Minute)
	s.Analyses = []rollout.Analysis{{Name: "success-rate", Interval: rollout.Duration(30 * time.Second)}}
	return s
}

// What was measured is written into the state, and leads back, with its numbers in
// the Events.
func TestAMeasurementLeadsBack(t *testing.T) {
	told := events.NewFakeRecorder(10)
	c := cluster(t, dwelling(), func(client.Object) error { return nil })
	r := reconciler(c, told)
	seen := &witness{knows: map[string]rollout.Measurement{"success-rate": {At: morning, Verdict: rollout.Failed, Says: "80% of 50 requests"}}}
	r.evidence = seen
	state := func() rollout.State {
		_, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: demo})
		require.NoError(t, err)
		var d appsv1.Deployment
		require.NoError(t, c.Get(t.Context(), demo, &d))
		state, err := rollout.ParseState(d.Annotations[rollout.StateAnnotation])
		require.NoError(t, err)
		return state
	}
	first := state()
	assert.Equal(t, 1, first.Analyses[0].Failed)
	assert.Equal(t, []string{"success-rate"}, seen.wanted)
	assert.Contains(t, <-told.Events, `Warning AnalysisFailed step 1 of 2 (50%:1m): analysis "success-rate": 80% of 50 requests; failures in this step: 1, and 0 are let pass`)
	assert.Equal(t, rollout.RollingBack, state().Phase)
	assert.Contains(t, <-told.Events, `Warning RolloutRollingBack going back to demo-1: analysis "success-rate" failed 1 times in a step, and may 0 times: 80% of 50 requests`)
	state()
	assert.Empty(t, seen.wanted, "nothing is measured on the way back")
}

// A manager that becomes the leader in the midst of a release knows what was
// measured before, and the record has all of it.
func TestMeasurementsOutliveALeader(t *testing.T) {
	f := newFlight(t, func(client.Object) error { return nil })
	state := f.state()
	state.Analyses = rollout.Evidence{{Name: "success-rate", Interval: rollout.Duration(10 * time.Second), FailureLimit: 1}}
	f.write(state)
	seen := &witness{knows: map[string]rollout.Measurement{}}
	f.r.evidence = seen
	verdicts := []rollout.Verdict{rollout.Passed, rollout.Failed, rollout.Passed}
	for range 200 {
		f.stock()
		if state = f.state(); !state.InFlight() {
			break
		}
		if n := len(state.Log.Measured); len(seen.wanted) > 0 && f.now.Sub(seen.knows["success-rate"].At) >= 30*time.Second {
			seen.knows["success-rate"] = rollout.Measurement{At: f.now, Verdict: verdicts[min(n, 2)], Says: fmt.Sprint("look ", n)}
		}
		_, _ = f.r.Reconcile(t.Context(), reconcile.Request{NamespacedName: demo})
		f.now = f.now.Add(10 * time.Second)
		if len(f.state().Log.Measured) == 2 { // another one takes over
			f.r.ledger = &archive.Keeper{Live: f.client, Writer: f.client, Events: f.told}
		}
	}
	require.Equal(t, rollout.Completed, state.Phase, state)
	var says []string
	for _, one := range f.records()[0].Steps[0].Measurements {
		says = append(says, one.Verdict+" "+one.Text)
	}
	require.GreaterOrEqual(t, len(says), 3)
	assert.Equal(t, []string{"Passed look 0", "Failed look 1", "Passed look 2"}, says[:3])
}

// What is gone, or frozen, wants nothing any more.
func TestNothingIsMeasuredOfWhatIsGone(t *testing.T) {
	for name, edit := range map[string]func(*testing.T, client.Client){
		"deleted": func(t *testing.T, c client.Client) {
			require.NoError(t, c.Delete(t.Context(), object(t, c)))
		},
		"frozen": func(t *testing.T, c client.Client) {
			d := object(t, c)
			d.Annotations[rollout.StateAnnotation] = "{"
			require.NoError(t, c.Update(t.Context(), d))
		},
		"let go": func(t *testing.T, c client.Client) {
			d := object(t, c)
			d.Annotations = nil
			require.NoError(t, c.Update(t.Context(), d))
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := cluster(t, dwelling(), func(client.Object) error { return nil })
			r, seen := reconciler(c, events.NewFakeRecorder(10)), &witness{wanted: []string{"success-rate"}}
			r.evidence = seen
			edit(t, c)
			_, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: demo})
			require.NoError(t, err)
			assert.Empty(t, seen.wanted)
		})
	}
}

func object(t *testing.T, c client.Client) *appsv1.Deployment {
	t.Helper()
	var d appsv1.Deployment
	require.NoError(t, c.Get(t.Context(), demo, &d))
	return &d
}
