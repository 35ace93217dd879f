// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/guard"
	"github.com/evenkeel-dev/evenkeel/traffic/notify/message"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// coldRoom is a cluster of one workload that is in flight with any text as its
// state, and what is told of it.
type coldRoom struct {
	t       *testing.T
	object  client.Object
	client  client.Client
	look    reconcile.Reconciler
	guard   *guard.Rails
	events  *events.FakeRecorder
	outside []message.Message
}

func newColdRoom(t *testing.T, object client.Object) *coldRoom {
	t.Helper()
	object.SetNamespace(demo.Namespace)
	object.SetName(demo.Name)
	object.SetUID("1")
	room := &coldRoom{t: t, object: object, events: events.NewFakeRecorder(100)}
	room.client = fake.NewClientBuilder().WithScheme(scheme.Scheme).WithObjects(object).Build()
	now := func() time.Time { return morning }
	room.guard = railsOf(t, room.client, "budget: {cluster: 1}", room.events)
	r := &Reconciler{client: room.client, live: room.client, now: now, guard: room.guard, record: recorder{
		events: room.events, now: now, outside: func(m message.Message) { room.outside = append(room.outside, m) },
	}}
	room.look = r
	if kind := kindOf(object); kind != deployment {
		room.look = batches{Reconciler: r, kind: kind}
	}
	return room
}

// with gives the workload a state, has it looked at as often as its pods change, and
// gives the texts that are told inside the cluster and outside.
func (c *coldRoom) with(state string) (inside, outside []string) {
	c.t.Helper()
	require.NoError(c.t, c.client.Get(c.t.Context(), demo, c.object))
	c.object.SetAnnotations(map[string]string{rollout.StateAnnotation: state})
	require.NoError(c.t, c.client.Update(c.t.Context(), c.object))
	for range 5 {
		result, err := c.look.Reconcile(c.t.Context(), reconcile.Request{NamespacedName: demo})
		require.NoError(c.t, err)
		assert.Zero(c.t, result, "trying again would mend nothing")
	}
	for len(c.events.Events) > 0 {
		inside = append(inside, <-c.events.Events)
	}
	for _, m := range c.outside {
		outside = append(outside, m.Text)
	}
	c.outside = nil
	return inside, outside
}

// workloads are those that can be in flight.
func workloads() []client.Object {
	of := func(kind string) metav1.TypeMeta { return metav1.TypeMeta{APIVersion: "apps/v1", Kind: kind} }
	return []client.Object{
		&appsv1.Deployment{TypeMeta: of("Deployment")}, &appsv1.StatefulSet{TypeMeta: of("StatefulSet")}, &appsv1.DaemonSet{TypeMeta: of("DaemonSet")},
	}
}

// A state that nobody can read waits for a person, who is told once of each cause,
// inside the cluster and outside.
func TestAFrozenRolloutIsToldOnce(t *testing.T) {
	for _, object := range workloads() {
		kind := kindOf(object)
		t.Run(kind, func(t *testing.T) {
			room := newColdRoom(t, object)
			says := func(cause string) string {
				return "cannot read annotation evenkeel.dev/rollout: " + cause + "; traffic and pods stay as they are. " +
					"To go back to stable: kubectl annotate " + strings.ToLower(kind) + " -n shop demo evenkeel.dev/action=rollback"
			}
			cut, noise := says("unexpected end of JSON input"), says("invalid character 'x' looking for beginning of value")
			for _, step := range []struct{ state, says string }{
				{"{", cut}, {"{", ""}, {"x", noise}, {"{", cut}, {`{"phase":"Completed"}`, ""}, {"{", cut}, {"", ""}, {"{", cut},
			} {
				var wantInside, wantOutside []string
				if step.says != "" {
					wantInside, wantOutside = []string{"Warning RolloutFrozen " + step.says}, []string{step.says}
				}
				inside, outside := room.with(step.state)
				assert.Equal(t, wantInside, inside, step.state)
				assert.Equal(t, wantOutside, outside, step.state)
			}
		})
	}
}

// It is told as what somebody has to do something about.
func TestAFrozenRolloutAsksForAPerson(t *testing.T) {
	var outside []message.Message
	r := recorder{events: events.NewFakeRecorder(1), now: func() time.Time { return morning }, outside: func(m message.Message) { outside = append(outside, m) }}
	object := workloads()[1]
	object.SetNamespace("shop")
	object.SetName("demo")
	r.frozen(object, assert.AnError)
	require.Len(t, outside, 1)
	assert.Contains(t, outside[0].Text, assert.AnError.Error()+"; traffic and pods stay as they are.")
	outside[0].Text = ""
	assert.Equal(t, message.Message{
		Moment: policy.Waiting, Kind: "StatefulSet", Namespace: "shop", Name: "demo", Reason: "RolloutFrozen", Phase: "Frozen", Warning: true, Time: morning,
	}, outside[0])
}

// Another rollout gets the place in the budget of one that is frozen.
func TestAFrozenRolloutLeavesItsPlace(t *testing.T) {
	for _, object := range workloads() {
		t.Run(kindOf(object), func(t *testing.T) {
			room := newColdRoom(t, object)
			sit := func(kind, name string, phase rollout.Phase) string {
				id := guard.ID{Kind: kind, Namespace: "shop", Name: name}
				verdict, err := room.guard.Look(t.Context(), object, id, guard.Flight{Phase: phase, Since: morning}, morning)
				require.NoError(t, err)
				return verdict.Closed.Why
			}
			sit(kindOf(object), "demo", rollout.Stepping)
			require.Equal(t, "a place for releases in the cluster is free (budget.cluster: 1)", sit("Deployment", "other", rollout.Preparing))
			room.with("{")
			assert.Empty(t, sit("Deployment", "other", rollout.Preparing))
		})
	}
}
