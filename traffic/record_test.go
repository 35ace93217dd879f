// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/notify/message"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route/kinds"
)

// What people outside the cluster want to know is told once, when it is written.
func TestARolloutThatWaitsIsToldOutside(t *testing.T) {
	state := ready()
	state.Held = true
	refused := errors.New("no answer")
	c := cluster(t, state, func(client.Object) error { return refused })
	var outside []message.Message
	r := reconciler(c, events.NewFakeRecorder(10))
	r.record.outside, r.record.now = func(m message.Message) { outside = append(outside, m) }, r.now
	look := func() error {
		_, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: demo})
		return err
	}
	require.ErrorIs(t, look(), refused)
	assert.Empty(t, outside, "what was not written has not happened")

	refused = nil
	require.NoError(t, look())
	require.NoError(t, look())
	assert.Equal(t, []message.Message{{
		Moment: policy.Waiting, Kind: "Deployment", Namespace: "shop", Name: "demo", Reason: "RolloutWaiting", Phase: "Stepping",
		Text: "step 1 of 2 (50%:1m) until a person holds the rollout (kubectl rollout resume goes on)", Time: morning,
	}}, outside)
}

// What is told inside the cluster alone is told nobody else.
func TestAStepIsNotToldOutside(t *testing.T) {
	told := events.NewFakeRecorder(10)
	r := recorder{events: told, now: nil, outside: func(message.Message) { t.Error("told") }}
	r.tell(kinds.Blank("HTTPRoute"), &rollout.Event{Reason: "TrafficShifted"}, rollout.Stepping)
	r.tell(kinds.Blank("HTTPRoute"), nil, rollout.Stepping)
	assert.Len(t, told.Events, 1)
}
