// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
	"github.com/evenkeel-dev/evenkeel/webhook/offline"
)

// demo is a Deployment of a strategy, whose image differs.
func demo(strategy, image string) *appsv1.Deployment {
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "demo", Namespace: "shop", UID: "1", Annotations: map[string]string{policy.StrategyAnnotation: strategy}},
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To(int32(2)), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "demo"}},
			Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: image}}}},
		},
	}
	d.Spec.Template.Labels = map[string]string{"app": "demo"}
	return d
}

// stable is the ReplicaSet that serves.
func stable(ready int32) *appsv1.ReplicaSet {
	rs := &appsv1.ReplicaSet{Spec: appsv1.ReplicaSetSpec{Template: demo("", "demo:v1").Spec.Template}, Status: appsv1.ReplicaSetStatus{ReadyReplicas: ready}}
	rs.Name, rs.Namespace, rs.Labels = "demo-abc", "shop", map[string]string{"pod-template-hash": "abc"}
	rs.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(demo("", ""), appsv1.SchemeGroupVersion.WithKind("Deployment"))}
	return rs
}

func service(name, app string, edits ...func(*corev1.Service)) *corev1.Service {
	s := &corev1.Service{Spec: corev1.ServiceSpec{Selector: map[string]string{"app": app}, Ports: []corev1.ServicePort{{Port: 80}}}}
	s.Name, s.Namespace = name, "shop"
	for _, edit := range edits {
		edit(s)
	}
	return s
}

func split(text string) func(*corev1.Service) {
	return func(s *corev1.Service) { s.Annotations = map[string]string{route.SplitAnnotation: text} }
}

func pinned(s *corev1.Service) { s.Spec.Selector["pod-template-hash"] = "abc" }

func owned(s *corev1.Service) {
	s.Labels = map[string]string{rollout.RoleLabel: rollout.RoleCanary}
	s.OwnerReferences = stable(0).OwnerReferences
}

// at gives a Service other ports.
func at(ports ...corev1.ServicePort) func(*corev1.Service) {
	return func(s *corev1.Service) { s.Spec.Ports = ports }
}

func byName(name string, protocol corev1.Protocol) corev1.ServicePort {
	return corev1.ServicePort{Port: 80, TargetPort: intstr.FromString(name), Protocol: protocol}
}

func byNumber(number int32) corev1.ServicePort {
	return corev1.ServicePort{Port: 80, TargetPort: intstr.FromInt32(number)}
}

// listens gives the next template's container ports.
func listens(ports ...corev1.ContainerPort) func(*appsv1.Deployment) {
	return func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Ports = ports }
}

// sidecar is a container that keeps running, and one that does not where it is never.
func sidecar(policy corev1.ContainerRestartPolicy, ports ...corev1.ContainerPort) func(*appsv1.Deployment) {
	return func(d *appsv1.Deployment) {
		d.Spec.Template.Spec.InitContainers = []corev1.Container{{Name: "proxy", Image: "proxy:v1", RestartPolicy: &policy, Ports: ports}}
	}
}

func leads(to string) *gatewayv1.HTTPRoute {
	r := &gatewayv1.HTTPRoute{ObjectMeta: metav1.ObjectMeta{Name: "demo", Namespace: "shop"}}
	r.Spec.Rules = []gatewayv1.HTTPRouteRule{{BackendRefs: []gatewayv1.HTTPBackendRef{{BackendRef: gatewayv1.BackendRef{
		BackendObjectReference: gatewayv1.BackendObjectReference{Name: gatewayv1.ObjectName(to), Port: ptr.To(gatewayv1.PortNumber(80))},
	}}}}}
	return r
}

func released(t *testing.T, strategy string, around ...client.Object) offline.Answer {
	t.Helper()
	return changed(t, demo(strategy, "demo:v1"), demo(strategy, "demo:v2"), config.NewStore(), around...)
}

func changed(t *testing.T, live, next *appsv1.Deployment, policies *config.Store, around ...client.Object) offline.Answer {
	t.Helper()
	answer, err := offline.Admit(t.Context(), offline.Question{
		Live: live, Incoming: next, Policies: policies, Now: time.Unix(0, 0), World: offline.NewWorld(around...),
	})
	require.NoError(t, err)
	return answer
}

// unfinished is a ReplicaSet with one pod, so much younger than stable's.
func unfinished(younger time.Duration) *appsv1.ReplicaSet {
	rs := stable(1)
	rs.Name, rs.Spec.Replicas, rs.CreationTimestamp = "demo-def", ptr.To[int32](1), metav1.NewTime(time.Time{}.Add(younger))
	return rs
}

// What stands in the way of a release that is to divide traffic is refused before
// anything is touched, with what mends it: it never becomes one of pods alone.
func TestWhatStandsInTheWay(t *testing.T) {
	long := strings.Repeat("x", 57)
	const heldBy = `{"deployment":"other","hash":"def"}`
	for name, row := range map[string]struct {
		strategy string
		around   []client.Object
		refused  string
	}{
		"a stranger's Service": {"canary", []client.Object{stable(2), service("demo", "demo"), service("demo-canary", "own"), leads("demo")},
			"evenkeel: this canary cannot start: Service \"demo-canary\" exists and is not Evenkeel's, and the canary's Service would have its name. Give it another one, or leave the traffic to the pods:\n  evenkeel.dev/strategy: batch"},
		"a name that is too long": {"canary", []client.Object{stable(2), service(long, "demo"), leads(long)},
			"evenkeel: this canary cannot start: the canary's Service would be \"" + long + "-canary\", which is longer than the 63 characters that a name may have. Give Service \"" + long + "\" a name of 56 at most, or leave the traffic to the pods:\n  evenkeel.dev/strategy: batch"},
		"held by another": {"canary", []client.Object{stable(2), service("demo", "demo", split(heldBy)), leads("demo")},
			"evenkeel: this canary cannot start: Service \"demo\" is in flight with Deployment \"other\". It leads to one release at a time: apply this again when that has ended, or end it:\n  kubectl annotate -n shop deployment/other evenkeel.dev/action=rollback"},
		"pinned to a version": {"canary", []client.Object{stable(2), service("demo", "demo", pinned), leads("demo")},
			"evenkeel: this canary cannot start: Service \"demo\" selects pod-template-hash itself. It cannot lead to two versions in turn: take that out of its selector:\n  kubectl patch service -n shop demo --type=json -p '[{\"op\":\"remove\",\"path\":\"/spec/selector/pod-template-hash\"}]'"},
		"blue-green by a Service alone": {"blue-green", []client.Object{stable(2), service("demo", "demo"), service("demo-canary", "own")},
			"evenkeel: this blue-green cannot start: Service \"demo-canary\" exists and is not Evenkeel's, and the canary's Service would have its name. Give it another one, or leave the traffic to the pods:\n  evenkeel.dev/strategy: batch"},

		"its own canary's Service":       {strategy: "canary", around: []client.Object{stable(2), service("demo", "demo"), service("demo-canary", "demo", owned), leads("demo")}},
		"held by itself":                 {strategy: "canary", around: []client.Object{stable(2), service("demo", "demo", split(`{"deployment":"demo","hash":"abc"}`)), leads("demo")}},
		"no route, so nothing to divide": {strategy: "canary", around: []client.Object{stable(2), service("demo", "demo", split(heldBy)), service("demo-canary", "own")}},
		"pods alone by the strategy":     {strategy: "batch", around: []client.Object{stable(2), service("demo", "demo"), service("demo-canary", "own"), leads("demo")}},
		"a plain rolling update anyway":  {strategy: "canary", around: []client.Object{stable(1), service("demo", "demo"), service("demo-canary", "own"), leads("demo")}},
	} {
		t.Run(name, func(t *testing.T) {
			answer := released(t, row.strategy, row.around...)
			assert.Equal(t, row.refused, answer.Message)
			assert.Equal(t, row.refused == "", answer.Allowed)
			assert.Equal(t, row.refused == "", len(answer.Patch) > 0)
		})
	}
	broken := released(t, "canary", stable(2), service("demo", "demo", split("{")), leads("demo"))
	assert.Regexp(t, `^evenkeel: this canary cannot start: Service "demo": .*\. Take it off:\n  kubectl annotate service -n shop demo evenkeel.dev/split-$`, broken.Message)
}

// A release says at its start what moves the traffic.
func TestWhatAStartSays(t *testing.T) {
	for name, row := range map[string]struct {
		strategy string
		around   []client.Object
		says     string
	}{
		"canary by a route":           {"canary", []client.Object{service("demo", "demo"), leads("demo")}, `demo-abc stays whole, traffic moves by HTTPRoute "demo"; `},
		"canary without a route":      {"canary", []client.Object{service("demo", "demo")}, "starts; its pods change step by step; "},
		"blue-green by a route":       {"blue-green", []client.Object{service("demo", "demo"), leads("demo")}, `demo-abc stays whole, traffic moves by HTTPRoute "demo"; `},
		"blue-green without a route":  {"blue-green", []client.Object{service("demo", "demo")}, `demo-abc stays whole, Service "demo" leads to the new pods at the end, Service "demo-canary" before; `},
		"with younger pods beside":    {"canary", []client.Object{unfinished(time.Hour)}, "no canary, a plain rolling update: an earlier rollout is unfinished: demo-def has pods besides demo-abc"},
		"with older pods beside":      {"canary", []client.Object{unfinished(0)}, "starts; its pods change step by step; "},
		"blue-green without anything": {"blue-green", nil, "starts; its pods come beside the old ones, which go at the end; "},
	} {
		t.Run(name, func(t *testing.T) {
			answer := released(t, row.strategy, append(row.around, stable(2))...)
			require.True(t, answer.Allowed, answer.Message)
			assert.Contains(t, strings.Join(answer.Warnings, "\n"), row.says)
		})
	}
}

// inFlight is the Deployment that comes out of an answer.
func inFlight(t *testing.T, answer offline.Answer) *appsv1.Deployment {
	t.Helper()
	require.True(t, answer.Allowed, answer.Message)
	var d appsv1.Deployment
	require.NoError(t, json.Unmarshal(answer.Object, &d))
	require.Equal(t, "true", d.Labels[rollout.InFlightLabel])
	return &d
}
