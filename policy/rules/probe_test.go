// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/evenkeel-dev/evenkeel/policy"
)

func TestTheGrammarOfProbes(t *testing.T) {
	for text, want := range map[string]map[string]ask{
		"http:8080/healthz":      {"": {http, intstr.FromInt32(8080), "/healthz"}},
		"http:8080":              {"": {http, intstr.FromInt32(8080), "/"}},
		"http:web/x?deep=1":      {"": {http, intstr.FromString("web"), "/x?deep=1"}},
		"tcp:8080":               {"": {tcp, intstr.FromInt32(8080), ""}},
		"grpc:9090":              {"": {grpc, intstr.FromInt32(9090), ""}},
		"none":                   {"": {kind: none}},
		"app=tcp:1; side=none":   {"app": {tcp, intstr.FromInt32(1), ""}, "side": {kind: none}},
		"app=http:8080/x;none":   {"app": {http, intstr.FromInt32(8080), "/x"}, "": {kind: none}},
		"app=http:8080/x?a=b;no": nil, "": nil, "8080": nil, "udp:1": nil, "tcp:0": nil, "tcp:65536": nil, "tcp:": nil, "tcp:1/x": nil,
		"grpc:web": nil, "none:1": nil, "none/x": nil, "http:UP": nil, "tcp:1;": nil, "tcp:1;tcp:2": nil, "a=tcp:1;a=none": nil,
	} {
		asks, err := parseProbe(text)
		assert.Equal(t, want == nil, err != nil, "%q: %v", text, err)
		assert.Equal(t, want, asks, text)
	}
}

func TestAProbeNamesWhatThereIs(t *testing.T) {
	for text, says := range map[string]string{
		"none;side=tcp:1":         `annotation evenkeel.dev/probe: there is no container "side"`,
		"http:admin/x":            `annotation evenkeel.dev/probe: no container has a port named "admin"`,
		"app=tcp:admin":           `annotation evenkeel.dev/probe: container "app" has no port named "admin"`,
		"tcp:1;tcp:2":             `annotation evenkeel.dev/probe: "tcp:2" comes second for one container: write "name=" in front of each`,
		"app=tcp:http;none":       "",
		"http:http/healthz?a=b=c": "",
		"tcp:4711":                "",
	} {
		_, message := brokenProbe(world{Deployment: deployment(note("probe", text))})
		assert.Equal(t, says, message, text)
	}
}

// An annotation without a name is for the container that declares the port.
func TestAProbeFindsItsContainer(t *testing.T) {
	d := deployment(note("probe", "http:9000/ok"), func(d *appsv1.Deployment) {
		d.Spec.Template.Spec.Containers = append(d.Spec.Template.Spec.Containers, corev1.Container{Name: "main", Image: "m", Ports: []corev1.ContainerPort{{ContainerPort: 9000}}})
	})
	containers := reviewed(nil, d).Object.Spec.Template.Spec.Containers
	assert.NotNil(t, containers[0].ReadinessProbe.TCPSocket, "by evidence")
	assert.Equal(t, "/ok", containers[1].ReadinessProbe.HTTPGet.Path)
}

// The caller's order of Services must not decide, nor may a UDP port.
func TestServicesInAnyOrder(t *testing.T) {
	d := deployment(func(d *appsv1.Deployment) {
		d.Spec.Template.Spec.Containers[0].Ports = []corev1.ContainerPort{{ContainerPort: 53}, {ContainerPort: 81}, {ContainerPort: 82}}
	})
	service := func(name string, port int32, protocol corev1.Protocol) corev1.Service {
		return corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: port, Protocol: protocol}}}}
	}
	a, b, dns := service("a", 82, corev1.ProtocolTCP), service("b", 81, ""), service("0", 53, corev1.ProtocolUDP)
	for _, services := range [][]corev1.Service{{a, b, dns}, {b, dns, a}, {dns, a, b}} {
		plan := Review(policy.Subject{New: d, Policy: policy.Default().Default, Neighbours: policy.Neighbours{Services: services}})
		assert.Equal(t, int32(82), plan.Object.Spec.Template.Spec.Containers[0].ReadinessProbe.TCPSocket.Port.IntVal)
		assert.Contains(t, plan.Warnings[0], `by Service "a"`)
	}
}

func TestWhatIsFilledInIsSaidOnce(t *testing.T) {
	plan := reviewed(nil, deployment())
	assert.Equal(t, []string{
		`evenkeel: injected a tcp readiness probe on port 8080 into container "app", by its only TCP port (policy rule default: nobody set one)`,
		`evenkeel: injected a preStop sleep of 5 s into container "app", by its only TCP port (policy rule default: nobody set one)`,
		"evenkeel: injected label app.kubernetes.io/version v1, terminationGracePeriodSeconds 35, maxSurge 25%, maxUnavailable 0, minReadySeconds 5 (policy rule default: nobody set it)",
	}, plan.Warnings)
	assert.Empty(t, reviewed(plan.Object, plan.Object.DeepCopy()).Warnings)
}

func TestChangesAreInOrder(t *testing.T) {
	plan := reviewed(nil, deployment())
	paths := make([]string, len(plan.Changes))
	for i, change := range plan.Changes {
		paths[i] = change.Path
	}
	assert.Equal(t, []string{
		"/spec/template/metadata/labels/app.kubernetes.io~1version", "/metadata/labels/app.kubernetes.io~1version",
		"/spec/template/spec/containers/0/readinessProbe", "/spec/template/spec/containers/0/lifecycle/preStop",
		"/spec/template/spec/terminationGracePeriodSeconds",
		"/spec/strategy/rollingUpdate/maxSurge", "/spec/strategy/rollingUpdate/maxUnavailable",
		"/spec/minReadySeconds", "/metadata/annotations/kubernetes.io~1change-cause", "/metadata/annotations/evenkeel.dev~1injected",
	}, paths)
}

func FuzzProbe(f *testing.F) {
	for _, seed := range []string{"http:8080/healthz", "app=tcp:1;none", "grpc:9090", "=;:/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		asks, err := parseProbe(text)
		if err != nil {
			require.Nil(t, asks)
			return
		}
		for _, one := range asks {
			require.NotNil(t, one.probe(policy.Probe{}))
		}
	})
}
