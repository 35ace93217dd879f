// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// Ready pods behind a Service that leads to a port which they lack get no weight.
func TestNoWeightForPodsWithoutThePort(t *testing.T) {
	c := cluster(t, ready(), func(client.Object) error { return nil })
	for _, name := range []string{"demo", "demo-canary"} {
		var service corev1.Service
		require.NoError(t, c.Get(t.Context(), client.ObjectKey{Namespace: "shop", Name: name}, &service))
		service.Spec.Ports = []corev1.ServicePort{{Name: "http", Port: 80, Protocol: corev1.ProtocolTCP}}
		require.NoError(t, c.Update(t.Context(), &service))
	}
	_, err := reconciler(c, events.NewFakeRecorder(10)).Reconcile(t.Context(), reconcile.Request{NamespacedName: demo})
	require.NoError(t, err)
	_, state := stateOf(t, c, "demo")
	assert.Equal(t, rollout.StageScale, state.Stage)
	assert.Equal(t, 0, state.Weight)
	assert.Equal(t, `the canary's pods have the port that Service "demo" leads to: its port http finds none`, state.Wait)
}
