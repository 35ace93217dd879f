// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package behind

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
)

var demo = client.ObjectKey{Namespace: "shop", Name: "demo"}

// sliced is an EndpointSlice of a Service with some ports, and ready pods.
func sliced(name string, ports []string, pods ...string) *discoveryv1.EndpointSlice {
	slice := &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, Labels: map[string]string{discoveryv1.LabelServiceName: "demo"}}}
	for _, port := range ports {
		slice.Ports = append(slice.Ports, discoveryv1.EndpointPort{Name: &port})
	}
	for _, pod := range pods {
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true)}, TargetRef: &corev1.ObjectReference{Name: pod}})
	}
	return slice
}

// The API server's own controller puts ready pods without a Service's named
// targetPort into a slice that lacks the port: nobody can be sent there.
func TestWhichEndpointsAreServed(t *testing.T) {
	two := []corev1.ServicePort{{Name: "http", Port: 80}, {Name: "admin", Port: 81}}
	unready := sliced("a", []string{"http", "admin"}, "demo-1-a")
	unready.Endpoints[0].Conditions.Ready = nil
	for name, row := range map[string]struct {
		ports  []corev1.ServicePort
		slices []client.Object
		ready  map[string]int32
		lacks  string
	}{
		"all ports":               {two, []client.Object{sliced("a", []string{"admin", "http"}, "demo-1-a", "demo-1-b")}, map[string]int32{"demo-1": 2}, ""},
		"one is missing":          {two, []client.Object{sliced("a", []string{"http"}, "demo-1-a")}, map[string]int32{}, "admin"},
		"of one version":          {two, []client.Object{sliced("a", []string{"http", "admin"}, "demo-1-a"), sliced("b", []string{"admin"}, "demo-2-a")}, map[string]int32{"demo-1": 1}, "http"},
		"no port has a name":      {[]corev1.ServicePort{{Port: 80}}, []client.Object{sliced("a", []string{""}, "demo-1-a")}, map[string]int32{"demo-1": 1}, ""},
		"and it is missing":       {[]corev1.ServicePort{{Port: 80}}, []client.Object{sliced("a", nil, "demo-1-a")}, map[string]int32{}, "80"},
		"two families":            {two, []client.Object{sliced("a", []string{"http", "admin"}, "demo-1-a"), sliced("b", []string{"http", "admin"}, "demo-1-a")}, map[string]int32{"demo-1": 1}, ""},
		"it leaves its old slice": {two, []client.Object{sliced("a", []string{"http", "admin"}, "demo-1-a"), sliced("b", []string{"http"}, "demo-1-a")}, map[string]int32{"demo-1": 1}, ""},
		"nobody asks for ports":   {nil, []client.Object{sliced("a", nil, "demo-1-a")}, map[string]int32{"demo-1": 1}, ""},
		"not ready":               {two, []client.Object{unready}, map[string]int32{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := Reader{Cache: fake.NewClientBuilder().WithScheme(scheme.Scheme).WithObjects(row.slices...).Build()}
			got, err := r.Of(t.Context(), demo, row.ports)
			require.NoError(t, err)
			counts, err := r.ByReplicaSet(t.Context(), "shop", got.Ready)
			require.NoError(t, err)
			assert.Equal(t, row.ready, counts)
			assert.Equal(t, row.lacks, got.Lacks())
		})
	}
}
