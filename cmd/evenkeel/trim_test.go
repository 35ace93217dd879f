// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel-dev/evenkeel/cmd/evenkeel/routecache"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

const manifestKey = corev1.LastAppliedConfigAnnotation

// of is what an object is called, with and without what the API server keeps.
func of(annotations ...string) metav1.ObjectMeta {
	m := metav1.ObjectMeta{
		Namespace: "shop", Name: "demo", UID: "u", ResourceVersion: "7", Labels: map[string]string{discoveryv1.LabelServiceName: "demo"},
		Annotations:     map[string]string{},
		OwnerReferences: []metav1.OwnerReference{{Kind: "Deployment", Name: "demo", Controller: ptr.To(true)}},
	}
	for _, key := range annotations {
		m.Annotations[key] = "kept"
	}
	return m
}

func withManagers(m metav1.ObjectMeta) metav1.ObjectMeta {
	m.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubectl"}}
	return m
}

// TestTrimLeavesWhatReadersNeed lists what is left whole, so that a field that a
// reader needs is missed here, and not in a cluster.
func TestTrimLeavesWhatReadersNeed(t *testing.T) {
	both := []string{manifestKey, route.SplitAnnotation}
	template := corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "demo:v1"}}}}
	service := corev1.ServiceSpec{Selector: map[string]string{"app": "demo"}, Ports: []corev1.ServicePort{{Port: 80}}}
	for name, row := range map[string]struct{ in, want runtime.Object }{
		// its Service by the label, its ready pods by their names, and which ports they have
		"EndpointSlice": {
			&discoveryv1.EndpointSlice{
				ObjectMeta: withManagers(of()), AddressType: discoveryv1.AddressTypeIPv4, Ports: []discoveryv1.EndpointPort{{Name: ptr.To("http"), Port: ptr.To[int32](8080), Protocol: ptr.To(corev1.ProtocolTCP), AppProtocol: ptr.To("h2c")}},
				Endpoints: []discoveryv1.Endpoint{
					{
						Addresses: []string{"10.0.0.1"}, NodeName: ptr.To("node"), Zone: ptr.To("a"),
						Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true), Serving: ptr.To(true), Terminating: ptr.To(false)},
						TargetRef:  &corev1.ObjectReference{Kind: "Pod", Namespace: "shop", Name: "demo-1-a", UID: "p"},
					},
					{Addresses: []string{"10.0.0.2"}, Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(false)}},
				},
			},
			&discoveryv1.EndpointSlice{
				ObjectMeta: of(), AddressType: discoveryv1.AddressTypeIPv4, Ports: []discoveryv1.EndpointPort{{Name: ptr.To("http")}},
				Endpoints: []discoveryv1.Endpoint{
					{Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true)}, TargetRef: &corev1.ObjectReference{Name: "demo-1-a", UID: "p"}},
					{Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(false)}},
				},
			},
		},
		// its selector and ports, for the canary's
		"Service": {
			&corev1.Service{ObjectMeta: withManagers(of(both...)), Spec: service},
			&corev1.Service{ObjectMeta: of(route.SplitAnnotation), Spec: service},
		},
		// its manifest, by which the audit tells who set a field
		"Deployment": {
			&appsv1.Deployment{ObjectMeta: withManagers(of(both...)), Spec: appsv1.DeploymentSpec{Template: template}},
			&appsv1.Deployment{ObjectMeta: of(both...), Spec: appsv1.DeploymentSpec{Template: template}},
		},
		// its spec, to be rendered, and who has accepted it: before it is split, too
		"HTTPRoute": {
			tree(t, "managedFields: [{manager: kubectl}], annotations: {evenkeel.dev/split: kept, "+manifestKey+": gone}"),
			routecache.Pack(tree(t, "annotations: {evenkeel.dev/split: kept}")),
		},
		"HTTPRoute without other annotations": {tree(t, "annotations: {"+manifestKey+": gone}"), routecache.Pack(tree(t, ""))},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := trim(row.in)
			require.NoError(t, err)
			assert.Equal(t, row.want, out)
		})
	}
}

// tree is a route with some metadata besides its name.
func tree(t *testing.T, metadata string) *unstructured.Unstructured {
	t.Helper()
	var object map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(`
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: demo, `+metadata+`}
spec: {rules: [{backendRefs: [{name: demo}]}]}
status: {parents: [{conditions: [{type: Accepted, status: "True"}]}]}
`), &object))
	return &unstructured.Unstructured{Object: object}
}

func TestTrimPassesWhatIsNoObject(t *testing.T) {
	gone := cache.DeletedFinalStateUnknown{Key: "shop/demo"}
	out, err := trim(gone)
	require.NoError(t, err)
	assert.Equal(t, gone, out)
}
