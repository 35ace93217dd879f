// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

func service(t *testing.T, c client.Client, name string) *corev1.Service {
	t.Helper()
	var out corev1.Service
	require.NoError(t, c.Get(t.Context(), client.ObjectKey{Namespace: "shop", Name: name}, &out))
	return &out
}

// What a user changes in the Service in flight, the canary's Service follows, and it
// is not written again once it does.
func TestTheCanarysServiceFollowsTheUsers(t *testing.T) {
	grpc := "kubernetes.io/h2c"
	http := corev1.ServicePort{Name: "http", Port: 80, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromString("web")}
	admin := corev1.ServicePort{Name: "admin", Port: 8080, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromInt32(9000), AppProtocol: &grpc, NodePort: 30080}
	for name, change := range map[string]func(*corev1.Service){
		"a targetPort": func(s *corev1.Service) { s.Spec.Ports = []corev1.ServicePort{http} },
		"a new port":   func(s *corev1.Service) { s.Spec.Ports = []corev1.ServicePort{admin, http} },
		"a selector":   func(s *corev1.Service) { s.Spec.Selector["tier"] = "web" },
	} {
		t.Run(name, func(t *testing.T) {
			c := cluster(t, ready(), func(client.Object) error { return nil })
			r := reconciler(c, events.NewFakeRecorder(10))
			user := service(t, c, "demo")
			change(user)
			require.NoError(t, c.Update(t.Context(), user))
			_, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: demo})
			require.NoError(t, err)

			canary, wanted := service(t, c, "demo-canary"), map[string]string{}
			for key, value := range user.Spec.Selector {
				wanted[key] = value
			}
			wanted[appsv1.DefaultDeploymentUniqueLabelKey] = "2"
			assert.Equal(t, wanted, canary.Spec.Selector)
			assert.Equal(t, portsOf(user), portsOf(canary))
			assert.Equal(t, morning, madeAt(canary).UTC(), "its endpoints follow from now on")
			d, state := stateOf(t, c, "demo")
			w, err := r.observeIn(t.Context(), d, state)
			require.NoError(t, err)
			assert.True(t, w.snapshot.Services[0].CanaryInPlace)
		})
	}
}

// A port that is added to the Service takes a moment to be served, and no release
// goes back, or starts its step again, because of that moment.
func TestTheEndpointsOfAChangedServiceFollow(t *testing.T) {
	now := morning.Add(10 * time.Second)
	state := ready()
	state.Stage, state.Weight, state.Wait = rollout.StageDwell, 50, "the step's time is over"
	c, told := cluster(t, state, func(client.Object) error { return nil }), events.NewFakeRecorder(10)
	r := reconciler(c, told)
	r.now = func() time.Time { return now }
	user := service(t, c, "demo")
	user.Spec.Ports = []corev1.ServicePort{{Name: "http", Port: 80, Protocol: corev1.ProtocolTCP}}
	require.NoError(t, c.Update(t.Context(), user))
	for range 4 {
		_, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: demo})
		require.NoError(t, err)
	}
	_, state = stateOf(t, c, "demo")
	assert.Equal(t, rollout.StageDwell, state.Stage)
	assert.Equal(t, 50, state.Weight)

	now = now.Add(2 * time.Second) // they did not
	_, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: demo})
	require.NoError(t, err)
	_, state = stateOf(t, c, "demo")
	assert.Equal(t, rollout.RollingBack, state.Phase)
	assert.Equal(t, "no ready canary pod has the port that its traffic goes to", state.Reason)
}

// A route that its owner leads to another Service in flight is not in place.
func TestARouteThatIsLedElsewhere(t *testing.T) {
	c := cluster(t, ready(), func(client.Object) error { return nil })
	var led gatewayv1.HTTPRoute
	require.NoError(t, c.Get(t.Context(), demo, &led))
	led.Spec.Rules[0].BackendRefs[0].Name = "other"
	require.NoError(t, c.Update(t.Context(), &led))
	_, err := reconciler(c, events.NewFakeRecorder(10)).Reconcile(t.Context(), reconcile.Request{NamespacedName: demo})
	require.NoError(t, err)
	_, state := stateOf(t, c, "demo")
	assert.Equal(t, rollout.StageScale, state.Stage)
	assert.Equal(t, 0, state.Weight)
	assert.Equal(t, `HTTPRoute "demo" leads to Service "demo" again`, state.Wait)
}

func TestWhichServicesARouteIsToLeadTo(t *testing.T) {
	assert.Empty(t, astray([]string{"other", "demo"}, []string{"demo", "more"}))
	assert.Equal(t, `Service "demo" or Service "more"`, astray([]string{"other"}, []string{"demo", "more"}))
	assert.Empty(t, astray(nil, nil), "a release that no route is a part of")
}

// A Service that leads to another workload, too, is not narrowed: that would take it
// away from those pods. It is said, and the way back leaves it alone.
func TestASharedServiceIsLeftAlone(t *testing.T) {
	state := rollout.Begin(ready(), morning)
	state.Wait = "the Services select stable's pods alone, and the data plane follows"
	c := cluster(t, state, func(client.Object) error { return nil })
	user := service(t, c, "demo")
	user.Annotations, user.Spec.Selector = nil, map[string]string{"app": "demo"}
	require.NoError(t, c.Update(t.Context(), user))
	var slice discoveryv1.EndpointSlice
	require.NoError(t, c.Get(t.Context(), demo, &slice))
	slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{Conditions: slice.Endpoints[0].Conditions, TargetRef: &corev1.ObjectReference{Name: "demo-big-77b5-x2x4z"}})
	require.NoError(t, c.Update(t.Context(), &slice))
	r := reconciler(c, events.NewFakeRecorder(100))
	now := morning
	r.now = func() time.Time { return now }
	look := func() rollout.State {
		_, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: demo})
		require.NoError(t, err)
		_, state := stateOf(t, c, "demo")
		return state
	}
	look()
	assert.Equal(t, `Service "demo" leads to this Deployment's pods alone: it also selects pods of another workload`, look().Wait)
	now = now.Add(time.Hour)
	state = look()
	assert.Equal(t, rollout.RollingBack, state.Phase)
	look()
	d, state := stateOf(t, c, "demo")
	w, err := r.observeIn(t.Context(), d, state)
	require.NoError(t, err)
	assert.True(t, w.snapshot.Services[0].InPlace, "the way back gets on without it")
	assert.Empty(t, service(t, c, "demo").Annotations)
	assert.Equal(t, map[string]string{"app": "demo"}, service(t, c, "demo").Spec.Selector)
}

// A route that cannot be read is no ground to look away: a canary that crashed goes
// back, and the way back says what it waits for.
func TestARouteThatCannotBeRead(t *testing.T) {
	state := ready()
	state.Stage, state.Weight, state.Wait = rollout.StageDwell, 50, "the step's time is over"
	c := cluster(t, state, func(client.Object) error { return nil })
	var broken gatewayv1.HTTPRoute
	require.NoError(t, c.Get(t.Context(), demo, &broken))
	broken.Annotations = map[string]string{"evenkeel.dev/split": "{"}
	require.NoError(t, c.Update(t.Context(), &broken))
	r := reconciler(c, events.NewFakeRecorder(10))
	for range 2 {
		_, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: demo})
		require.NoError(t, err)
	}
	_, state = stateOf(t, c, "demo")
	assert.Contains(t, state.Wait, `the routes can be read and divided again: cannot read HTTPRoute "demo": `)

	var rs appsv1.ReplicaSet
	require.NoError(t, c.Get(t.Context(), client.ObjectKey{Namespace: "shop", Name: "demo-2"}, &rs))
	rs.Status.ReadyReplicas = 0
	require.NoError(t, c.Status().Update(t.Context(), &rs))
	for range 2 {
		_, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: demo})
		require.NoError(t, err)
	}
	_, state = stateOf(t, c, "demo")
	assert.Equal(t, rollout.StageWithdraw, state.Stage)
	assert.Contains(t, state.Wait, "the routes can be read and divided again: ")
}
