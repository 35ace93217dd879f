// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// The fake client adds kinds that it does not know to the scheme that all tests
// share, in the midst of their reads: so it knows the routes.
func init() { utilruntime.Must(gatewayv1.Install(scheme.Scheme)) }

// stage is a cluster of one workload with three pods, in which version 1 runs, a
// Service, and the bare essentials of its stock controllers and of admission.
type stage struct {
	t      *testing.T
	kind   string
	client client.Client
	events *events.FakeRecorder
	b      batches
	now    time.Time
	made   int
}

var demo = types.NamespacedName{Namespace: "shop", Name: "demo"}

func newStage(t *testing.T, kind, steps string) *stage {
	t.Helper()
	s := &stage{t: t, kind: kind, events: events.NewFakeRecorder(100), now: time.Unix(1_800_000_000, 0)}
	meta := metav1.ObjectMeta{Namespace: demo.Namespace, Name: demo.Name, UID: "1"}
	s.client = fake.NewClientBuilder().WithScheme(scheme.Scheme).WithInterceptorFuncs(interceptor.Funcs{Patch: s.patch}).WithObjects(
		&corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: demo.Namespace, Name: demo.Name}, Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "demo"}}},
		&discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Namespace: demo.Namespace, Name: "demo-1", Labels: map[string]string{discoveryv1.LabelServiceName: "demo"}}},
	).Build()
	reconciler := &Reconciler{client: s.client, live: s.client, record: recorder{events: s.events}, now: func() time.Time { return s.now }}
	s.b = batches{Reconciler: reconciler, kind: kind}
	user := batch.Knobs{StatefulSet: &appsv1.StatefulSetUpdateStrategy{Type: appsv1.RollingUpdateStatefulSetStrategyType, RollingUpdate: &appsv1.RollingUpdateStatefulSetStrategy{Partition: ptr.To[int32](0)}}}
	object := client.Object(&appsv1.StatefulSet{ObjectMeta: meta, Spec: appsv1.StatefulSetSpec{Replicas: ptr.To[int32](3), UpdateStrategy: *user.StatefulSet}})
	if kind == "DaemonSet" {
		user = batch.Knobs{DaemonSet: &appsv1.DaemonSetUpdateStrategy{Type: appsv1.RollingUpdateDaemonSetStrategyType}}
		object = &appsv1.DaemonSet{ObjectMeta: meta, Spec: appsv1.DaemonSetSpec{UpdateStrategy: *user.DaemonSet}}
	}
	require.NoError(t, s.client.Create(t.Context(), object))
	s.template("v1")
	s.stock()
	begun := batch.Begin(batch.State{
		Steps: steps, Stable: s.version("v1"), User: &user, Services: []string{"demo"},
		Timing: rollout.Timing{Settle: rollout.Duration(5 * time.Second), StepDeadline: rollout.Duration(time.Minute)},
	}, s.now)
	s.template("v2")
	require.NoError(t, s.b.writeBatch(t.Context(), s.object(), begun))
	return s
}

func (s *stage) version(v string) batch.Version {
	if s.kind == "StatefulSet" {
		return batch.VersionOf(true, "demo", "demo-"+v)
	}
	return batch.VersionOf(false, "demo", v)
}

func (s *stage) object() client.Object {
	s.t.Helper()
	object := s.b.object()
	require.NoError(s.t, s.client.Get(s.t.Context(), demo, object))
	return object
}

func (s *stage) state() batch.State {
	s.t.Helper()
	state, err := batch.ParseState(s.object().GetAnnotations()[rollout.StateAnnotation])
	require.NoError(s.t, err)
	return state
}

// templateOf is a workload's template, and knobs its updateStrategy.
func templateOf(object client.Object) *corev1.PodTemplateSpec {
	if set, ours := object.(*appsv1.StatefulSet); ours {
		return &set.Spec.Template
	}
	return &object.(*appsv1.DaemonSet).Spec.Template
}

// template changes the image as a user does.
func (s *stage) template(version string) {
	s.t.Helper()
	object := s.object()
	templateOf(object).Spec.Containers = []corev1.Container{{Name: "app", Image: version}}
	require.NoError(s.t, s.client.Update(s.t.Context(), object))
	data := fmt.Appendf(nil, `{"spec":{"template":{"$patch":"replace","metadata":{},"spec":{"containers":[{"name":"app","image":%q,"resources":{}}]}}}}`, version)
	revision := &appsv1.ControllerRevision{ObjectMeta: s.owned(s.version(version).Name), Data: runtime.RawExtension{Raw: data}}
	revision.Labels = map[string]string{appsv1.ControllerRevisionHashLabelKey: s.version(version).Hash}
	require.NoError(s.t, client.IgnoreAlreadyExists(s.client.Create(s.t.Context(), revision)))
}

func (s *stage) owned(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: demo.Namespace, Name: name, OwnerReferences: []metav1.OwnerReference{{Kind: s.kind, Name: "demo", UID: "1", Controller: ptr.To(true)}}}
}

// patch renders what the controller writes, as admission does.
func (s *stage) patch(ctx context.Context, c client.WithWatch, object client.Object, patch client.Patch, options ...client.PatchOption) error {
	before := object.GetAnnotations()[rollout.StateAnnotation]
	if err := c.Patch(ctx, object, patch, options...); err != nil {
		return err
	}
	if service, ours := object.(*corev1.Service); ours {
		narrow, err := route.ParseNarrow(service.Annotations[route.SplitAnnotation])
		require.NoError(s.t, err)
		service.Spec.Selector = narrow.Selector(service.Spec.Selector)
		return c.Update(ctx, service)
	}
	state, err := batch.ParseState(object.GetAnnotations()[rollout.StateAnnotation])
	require.NoError(s.t, err)
	knobs := batch.Render(state)
	if last, err := batch.ParseState(before); !state.InFlight() && err == nil {
		knobs = *last.User
	}
	switch object := object.(type) {
	case *appsv1.StatefulSet:
		object.Spec.UpdateStrategy = *knobs.StatefulSet
	case *appsv1.DaemonSet:
		object.Spec.UpdateStrategy = *knobs.DaemonSet
	}
	if state.WantsStable() {
		templateOf(object).Spec.Containers[0].Image = "v1"
	}
	return c.Update(ctx, object)
}

// stock is one pass of the workload's controller, and of that of the EndpointSlices.
func (s *stage) stock() {
	s.t.Helper()
	object := s.object()
	wanted, bound := s.version(templateOf(object).Spec.Containers[0].Image), int32(0)
	rolling := true
	if set, ours := object.(*appsv1.StatefulSet); ours {
		bound = ptr.Deref(set.Spec.UpdateStrategy.RollingUpdate.Partition, 0)
	} else {
		rolling = object.(*appsv1.DaemonSet).Spec.UpdateStrategy.Type == appsv1.RollingUpdateDaemonSetStrategyType
	}
	before, updated, replaced := object.DeepCopyObject(), int32(0), false
	for i := int32(2); i >= 0; i-- {
		pod, hash := &corev1.Pod{}, s.version("v1").Hash
		if i >= bound {
			hash = wanted.Hash
		}
		err := s.client.Get(s.t.Context(), types.NamespacedName{Namespace: demo.Namespace, Name: fmt.Sprintf("demo-%d", i)}, pod)
		if err == nil && rolling && i >= bound && !replaced && pod.Labels[appsv1.ControllerRevisionHashLabelKey] != hash {
			require.NoError(s.t, s.client.Delete(s.t.Context(), pod))
			err, replaced = fmt.Errorf("replaced"), true
		}
		if err != nil {
			pod = s.create(i, hash)
		}
		if pod.Labels[appsv1.ControllerRevisionHashLabelKey] == wanted.Hash {
			updated++
		}
	}
	switch object := object.(type) {
	case *appsv1.StatefulSet:
		object.Status.UpdateRevision, object.Status.UpdatedReplicas = wanted.Name, updated
	case *appsv1.DaemonSet:
		object.Status.DesiredNumberScheduled, object.Status.UpdatedNumberScheduled = 3, updated
	}
	if !equality.Semantic.DeepEqual(before, object) { // or whoever writes now would meet a conflict
		require.NoError(s.t, s.client.Status().Update(s.t.Context(), object))
	}
	s.endpoints()
}

func (s *stage) create(i int32, hash string) *corev1.Pod {
	s.made++
	pod := &corev1.Pod{ObjectMeta: s.owned(fmt.Sprintf("demo-%d", i)), Spec: corev1.PodSpec{NodeName: fmt.Sprintf("node-%d", i)}}
	pod.UID, pod.Labels = types.UID(fmt.Sprint("pod-", s.made)), map[string]string{"app": "demo", appsv1.ControllerRevisionHashLabelKey: hash}
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(s.now)}}
	require.NoError(s.t, s.client.Create(s.t.Context(), pod))
	return pod
}

func (s *stage) endpoints() {
	s.t.Helper()
	var pods corev1.PodList
	require.NoError(s.t, s.client.List(s.t.Context(), &pods, client.MatchingLabels(s.service().Spec.Selector)))
	slice := &discoveryv1.EndpointSlice{}
	require.NoError(s.t, s.client.Get(s.t.Context(), types.NamespacedName{Namespace: demo.Namespace, Name: "demo-1"}, slice))
	slice.Endpoints = nil
	for _, pod := range pods.Items {
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{
			TargetRef: &corev1.ObjectReference{Name: pod.Name, UID: pod.UID}, Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true)},
		})
	}
	require.NoError(s.t, s.client.Update(s.t.Context(), slice))
}

func (s *stage) service() *corev1.Service {
	s.t.Helper()
	var service corev1.Service
	require.NoError(s.t, s.client.Get(s.t.Context(), demo, &service))
	return &service
}

// pods lists what runs: one letter a pod, by ordinal.
func (s *stage) pods() (out string) {
	s.t.Helper()
	var pods corev1.PodList
	require.NoError(s.t, s.client.List(s.t.Context(), &pods))
	for _, pod := range pods.Items {
		hash := pod.Labels[appsv1.ControllerRevisionHashLabelKey]
		out += hash[len(hash)-1:]
	}
	return out
}

// until lets time pass until the state is as a test wants it.
func (s *stage) until(is func(batch.State) bool) batch.State {
	s.t.Helper()
	for range 200 {
		if state := s.state(); is(state) {
			return state
		}
		_, err := s.b.Reconcile(s.t.Context(), reconcile.Request{NamespacedName: demo})
		require.NoError(s.t, err)
		s.stock()
		s.now = s.now.Add(time.Second)
	}
	require.Failf(s.t, "waited in vain", "%s", s.state())
	return batch.State{}
}

func (s *stage) untilAPerson() batch.State {
	s.t.Helper()
	return s.until(func(state batch.State) bool { return strings.Contains(state.Wait, "a person says so") })
}

func (s *stage) untilTheEnd() rollout.Phase {
	s.t.Helper()
	return s.until(func(state batch.State) bool { return !state.InFlight() }).Phase
}

// told are the reasons of all Events so far.
func (s *stage) told() (reasons []string) {
	for {
		select {
		case event := <-s.events.Events:
			reasons = append(reasons, strings.Fields(event)[1])
		default:
			return reasons
		}
	}
}

func (s *stage) write(state batch.State, err error) {
	s.t.Helper()
	require.NoError(s.t, err)
	require.NoError(s.t, s.b.writeBatch(s.t.Context(), s.object(), state))
}
