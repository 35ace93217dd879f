// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
	"github.com/evenkeel-dev/evenkeel/traffic/route/kinds"
)

// lost is a cluster whose Service and route still serve a canary of demo, while
// demo itself is as a test wants it.
func lost(t *testing.T, change func(*appsv1.Deployment)) client.Client {
	t.Helper()
	c := cluster(t, ready(), func(client.Object) error { return nil })
	var d appsv1.Deployment
	require.NoError(t, c.Get(t.Context(), demo, &d))
	change(&d)
	require.NoError(t, c.Update(t.Context(), &d))
	var service corev1.Service
	require.NoError(t, c.Get(t.Context(), demo, &service))
	service.Labels = map[string]string{rollout.InFlightLabel: "true"}
	require.NoError(t, c.Update(t.Context(), &service))
	divided := kinds.Blank(route.HTTPRoute)
	require.NoError(t, c.Get(t.Context(), demo, divided))
	split := route.Split{Namespace: "shop"}.With(route.Share{Deployment: "demo", Service: "demo", Canary: "demo-canary", Weight: 50})
	divided.SetAnnotations(map[string]string{route.SplitAnnotation: split.String()})
	divided.SetLabels(map[string]string{rollout.InFlightLabel: "true"})
	require.NoError(t, c.Update(t.Context(), divided))
	return c
}

// stillMarked lists the kinds of what still carries something of a rollout.
func stillMarked(t *testing.T, c client.Client) (marked []string) {
	t.Helper()
	for _, object := range []client.Object{&corev1.Service{}, kinds.Blank(route.HTTPRoute)} {
		require.NoError(t, c.Get(t.Context(), demo, object))
		if hasSplit(object) || object.GetLabels()[rollout.InFlightLabel] != "" {
			marked = append(marked, kindOf(object))
		}
	}
	return marked
}

// anew is a Deployment as admission lets it be created.
func anew(d *appsv1.Deployment) { d.UID, d.Annotations, d.Labels = "another", nil, nil }

// ended is one whose last release is over.
func ended(d *appsv1.Deployment) {
	d.Labels, d.Annotations[rollout.StateAnnotation] = nil, rollout.State{Phase: rollout.Completed}.String()
}

// What a rollout held is given back by whatever stands in its Deployment's place.
func TestADeploymentMadeAnew(t *testing.T) {
	both := []string{"Service", "HTTPRoute"}
	for name, row := range map[string]struct {
		change func(*appsv1.Deployment)
		left   []string
	}{
		"made anew":       {anew, nil},
		"ended":           {ended, nil},
		"in flight":       {func(*appsv1.Deployment) {}, both},
		"nobody reads it": {func(d *appsv1.Deployment) { d.Annotations[rollout.StateAnnotation] = "{" }, both},
	} {
		t.Run(name, func(t *testing.T) {
			c := lost(t, row.change)
			_, err := reconciler(c, events.NewFakeRecorder(10)).Reconcile(t.Context(), reconcile.Request{NamespacedName: demo})
			require.NoError(t, err)
			assert.Equal(t, row.left, stillMarked(t, c))
		})
	}
}

// A cache that shows a rollout's Services before it shows that it has begun makes
// nobody give them back.
func TestNothingIsGivenBackOnAnOldCache(t *testing.T) {
	c := lost(t, anew)
	r := reconciler(c, events.NewFakeRecorder(10))
	r.live = cluster(t, ready(), func(client.Object) error { return nil })
	_, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: demo})
	require.NoError(t, err)
	assert.Equal(t, []string{"Service", "HTTPRoute"}, stillMarked(t, c))
}

// What is released is looked at when it loses its state, too.
func TestLosingTheStateIsLookedAt(t *testing.T) {
	plain := &appsv1.Deployment{}
	carries := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{rollout.StateAnnotation: "{}"}}}
	assert.True(t, hadState.Update(event.UpdateEvent{ObjectOld: carries, ObjectNew: plain}))
	assert.True(t, hadState.Update(event.UpdateEvent{ObjectOld: plain, ObjectNew: carries}))
	assert.False(t, hadState.Update(event.UpdateEvent{ObjectOld: plain, ObjectNew: plain}))
	assert.False(t, hadState.Create(event.CreateEvent{Object: plain}))
	assert.True(t, hadState.Delete(event.DeleteEvent{Object: carries}))
}

// A workload of batches that was made anew gives its Services back.
func TestAWorkloadMadeAnew(t *testing.T) {
	for _, kind := range []string{"StatefulSet", "DaemonSet"} {
		t.Run(kind, func(t *testing.T) {
			s := newStage(t, kind, "33%:pause,100%")
			s.untilAPerson()
			object := s.object()
			object.SetAnnotations(nil)
			object.SetLabels(nil)
			require.NoError(t, s.client.Update(t.Context(), object))
			_, err := s.b.Reconcile(t.Context(), reconcile.Request{NamespacedName: demo})
			require.NoError(t, err)
			assert.Equal(t, map[string]string{"app": "demo"}, s.service().Spec.Selector)
			assert.NotContains(t, s.service().Labels, rollout.InFlightLabel)
		})
	}
}

// Restore finds what no workload in flight names any more, of one name or of all.
func TestRestoreGivesBackWhatIsLost(t *testing.T) {
	for name, row := range map[string]struct {
		of   string
		left []string
	}{
		"all":     {"", nil},
		"its own": {"demo", nil},
		"another": {"other", []string{"Service", "HTTPRoute"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := lost(t, anew)
			restore := &Restore{Client: c, Kinds: []route.Kind{route.HTTPRoute}}
			require.NoError(t, restore.All(t.Context(), "shop", row.of))
			assert.Equal(t, row.left, stillMarked(t, c))
		})
	}
	c := fake.NewClientBuilder().WithScheme(cluster(t, ready(), nil).Scheme()).WithObjects(
		&corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "demo", Labels: map[string]string{rollout.InFlightLabel: "true"}, Annotations: map[string]string{
			route.SplitAnnotation: route.Narrow{Workload: "StatefulSet/demo", Hash: "1"}.String(),
		}}}, blankRoute()).Build()
	require.NoError(t, (&Restore{Client: c, Kinds: []route.Kind{route.HTTPRoute}}).All(t.Context(), "", ""))
	assert.Empty(t, stillMarked(t, c), "of batches")
}

func blankRoute() client.Object {
	object := kinds.Blank(route.HTTPRoute)
	object.SetNamespace(demo.Namespace)
	object.SetName(demo.Name)
	return object
}

// A Deployment that is being deleted, and that somebody's finalizer keeps, sends no
// traffic to a canary that nobody watches any more, and stays as it is otherwise.
func TestADeploymentBeingDeleted(t *testing.T) {
	c := lost(t, func(d *appsv1.Deployment) { d.Finalizers = []string{"example.com/keeps"} })
	var d appsv1.Deployment
	require.NoError(t, c.Get(t.Context(), demo, &d))
	require.NoError(t, c.Delete(t.Context(), &d))
	_, err := reconciler(c, events.NewFakeRecorder(10)).Reconcile(t.Context(), reconcile.Request{NamespacedName: demo})
	require.NoError(t, err)
	assert.Equal(t, []string{"Service"}, stillMarked(t, c), "its Service leads to stable alone until it is gone")
	_, state := stateOf(t, c, "demo")
	assert.Equal(t, ready(), state)
}
