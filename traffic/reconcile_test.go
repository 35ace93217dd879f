// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
	"github.com/evenkeel-dev/evenkeel/traffic/route/kinds"
)

var morning = time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC)

// ready is a canary of one pod that has all that its weight waits for.
func ready() rollout.State {
	return rollout.State{
		Phase: rollout.Stepping, Stage: rollout.StageScale, Strategy: rollout.Canary, Steps: "50%:1m,100%", Surge: 50,
		Stable: rollout.Version{ReplicaSet: "demo-1", Hash: "1", Revision: "1"}, Canary: rollout.Version{ReplicaSet: "demo-2", Hash: "2", Revision: "2"},
		User: &rollout.Knobs{}, Services: []string{"demo"}, Backends: []string{"demo"}, Routes: []string{"httproute/demo"}, Since: morning,
		Timing: rollout.Timing{Settle: rollout.Duration(time.Second), StepDeadline: rollout.Duration(time.Hour)},
	}
}

// cluster has a canary that is ready for its weight. Each write is told to wrote,
// which may refuse it.
func cluster(t *testing.T, state rollout.State, wrote func(client.Object) error) client.Client {
	t.Helper()
	scheme := runtime.NewScheme()
	require.NoError(t, clientgoscheme.AddToScheme(scheme))
	require.NoError(t, gatewayv1.Install(scheme))
	named := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: "shop", Name: name} }
	template := func(version string) corev1.PodTemplateSpec {
		return corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "demo:v" + version}}}}
	}
	d := &appsv1.Deployment{ObjectMeta: named("demo"), Spec: appsv1.DeploymentSpec{Replicas: ptr.To[int32](2), Template: template("2")}}
	d.UID, d.Annotations, d.Labels = "u", map[string]string{rollout.StateAnnotation: state.String()}, map[string]string{rollout.InFlightLabel: "true"}
	state.Render().Put(d)
	owner := []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "Deployment", Name: "demo", UID: "u", Controller: ptr.To(true)}}
	objects := []client.Object{d, &gatewayv1.HTTPRoute{ObjectMeta: named("demo"), Spec: gatewayv1.HTTPRouteSpec{Rules: []gatewayv1.HTTPRouteRule{{
		BackendRefs: []gatewayv1.HTTPBackendRef{{BackendRef: gatewayv1.BackendRef{BackendObjectReference: gatewayv1.BackendObjectReference{Name: "demo", Port: ptr.To[gatewayv1.PortNumber](80)}}}},
	}}}}}
	for i, version := range []string{"1", "2"} {
		rs := &appsv1.ReplicaSet{ObjectMeta: named("demo-" + version), Spec: appsv1.ReplicaSetSpec{Template: template(version)}}
		rs.OwnerReferences, rs.Annotations, rs.Labels = owner, map[string]string{rollout.RevisionAnnotation: version}, map[string]string{appsv1.DefaultDeploymentUniqueLabelKey: version}
		rs.Status.Replicas, rs.Status.ReadyReplicas = int32(2-i), int32(2-i)
		service := &corev1.Service{ObjectMeta: named("demo" + []string{"", route.CanarySuffix}[i]), Spec: corev1.ServiceSpec{
			Selector: map[string]string{"app": "demo", appsv1.DefaultDeploymentUniqueLabelKey: version},
		}}
		slice := &discoveryv1.EndpointSlice{ObjectMeta: named(service.Name)}
		slice.Labels = map[string]string{discoveryv1.LabelServiceName: service.Name}
		for pod := range 2 - i {
			slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{
				Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true)}, TargetRef: &corev1.ObjectReference{Name: fmt.Sprintf("%s-%d", rs.Name, pod)},
			})
		}
		if i == 0 {
			service.Annotations = map[string]string{route.SplitAnnotation: route.Narrow{Deployment: "demo", Hash: "1"}.String()}
		} else {
			service.OwnerReferences = owner
		}
		objects = append(objects, rs, service, slice)
	}
	return fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).WithStatusSubresource(&gatewayv1.HTTPRoute{}).
		WithInterceptorFuncs(interceptor.Funcs{
			Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
				if err := wrote(o); err != nil {
					return err
				}
				return c.Patch(ctx, o, p, opts...)
			},
		}).Build()
}

func reconciler(c client.Client, told *events.FakeRecorder) *Reconciler {
	return &Reconciler{client: c, live: c, record: recorder{events: told}, kinds: []route.Kind{route.HTTPRoute}, now: func() time.Time { return morning }}
}

// What an earlier rollout left counts where the stock controller would keep it
// rather than stable.
func TestWhatAnEarlierRolloutLeft(t *testing.T) {
	stable := appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Name: "demo-1", CreationTimestamp: metav1.NewTime(morning)}}
	for name, row := range map[string]struct {
		other string
		after time.Duration
		pods  int32
		ready int32 // minReadySeconds
		want  string
	}{
		"younger":           {"demo-3", time.Minute, 1, 5, "demo-3"},
		"older":             {"demo-3", -time.Minute, 1, 5, ""},
		"without pods":      {"demo-3", time.Minute, 0, 5, ""},
		"the canary":        {"demo-2", time.Minute, 1, 5, ""},
		"an earlier canary": {"demo-3", time.Minute, 1, rollout.HoldMinReadySeconds, ""},
	} {
		t.Run(name, func(t *testing.T) {
			other := appsv1.ReplicaSet{
				ObjectMeta: metav1.ObjectMeta{Name: row.other, CreationTimestamp: metav1.NewTime(morning.Add(row.after))},
				Spec:       appsv1.ReplicaSetSpec{Replicas: &row.pods, MinReadySeconds: row.ready},
			}
			assert.Equal(t, row.want, between([]appsv1.ReplicaSet{other, stable}, ready()))
		})
	}
}

// A route shows a weight as soon as it was decided, without another look.
func TestAWeightIsWrittenWhereItIsDecided(t *testing.T) {
	var wrote []string
	told := events.NewFakeRecorder(10)
	c := cluster(t, ready(), func(o client.Object) error { wrote = append(wrote, kindOf(o)); return nil })
	_, err := reconciler(c, told).Reconcile(t.Context(), reconcile.Request{NamespacedName: demo})
	require.NoError(t, err)
	assert.Equal(t, []string{"Deployment", "HTTPRoute"}, wrote)
	assert.Len(t, told.Events, 1)

	var d appsv1.Deployment
	require.NoError(t, c.Get(t.Context(), demo, &d))
	state, err := rollout.ParseState(d.Annotations[rollout.StateAnnotation])
	require.NoError(t, err)
	assert.Equal(t, rollout.StageShift, state.Stage)
	seen := kinds.Blank(route.HTTPRoute)
	require.NoError(t, c.Get(t.Context(), demo, seen))
	split, err := route.Parse(seen.GetAnnotations()[route.SplitAnnotation])
	require.NoError(t, err)
	require.Len(t, split.Shares, 1)
	assert.Equal(t, 50, split.Shares[0].Weight)
}

// What was decided is told, and tried again, where its promise meets another's write.
func TestAConflictAfterTheStateIsTriedAgain(t *testing.T) {
	told := events.NewFakeRecorder(10)
	c := cluster(t, ready(), func(o client.Object) error {
		if kindOf(o) == "HTTPRoute" {
			return apierrors.NewConflict(schema.GroupResource{Resource: "httproutes"}, "demo", nil)
		}
		return nil
	})
	r := reconciler(c, told)
	result, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: demo})
	require.NoError(t, err)
	assert.Equal(t, 50*time.Millisecond, result.RequeueAfter)
	assert.Len(t, told.Events, 1)
}

// A cache that does not show the last write yet is waited for.
func TestNothingIsDecidedOnAnOldCache(t *testing.T) {
	c := cluster(t, ready(), func(client.Object) error { t.Error("it wrote"); return nil })
	r := reconciler(c, events.NewFakeRecorder(10))
	later := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "demo", ResourceVersion: "1000000"}}
	r.written.keep(later, morning)
	result, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: demo})
	require.NoError(t, err)
	assert.Equal(t, time.Second, result.RequeueAfter)
}

// Of two rollouts on one Service the second leaves it as the first has it.
func TestAServiceOfAnotherRolloutIsLeft(t *testing.T) {
	state := rollout.Begin(ready(), morning)
	var wrote []string
	c := cluster(t, state, func(o client.Object) error { wrote = append(wrote, kindOf(o)); return nil })
	var service corev1.Service
	require.NoError(t, c.Get(t.Context(), demo, &service))
	others := route.Narrow{Deployment: "other", Hash: "9"}
	service.Annotations[route.SplitAnnotation], service.Spec.Selector[appsv1.DefaultDeploymentUniqueLabelKey] = others.String(), "9"
	require.NoError(t, c.Update(t.Context(), &service))
	told := events.NewFakeRecorder(10)
	for range 3 {
		_, err := reconciler(c, told).Reconcile(t.Context(), reconcile.Request{NamespacedName: demo})
		require.NoError(t, err)
	}
	assert.NotContains(t, wrote, "Service")
	<-told.Events // it has started
	assert.Equal(t, `Normal RolloutWaiting Preparing until Service "demo" is free: the rollout of Deployment "other" has it`, <-told.Events)
}
