// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"testing"

	"github.com/stretchr/testify/assert"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// Who holds an object is found by its name, its marks and its owner; what rules most
// of the others out without reading their states rules out nobody who holds it.
func TestHolders(t *testing.T) {
	flies := func(name, service string) *appsv1.Deployment {
		state := rollout.State{Phase: rollout.Stepping, Stage: rollout.StageDwell, User: &rollout.Knobs{}, Services: []string{service}, Routes: []string{"httproute/" + service + "-web"}}
		return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{
			Namespace: "shop", Name: name, UID: types.UID("uid-of-" + name), Labels: map[string]string{rollout.InFlightLabel: "true"}, Annotations: map[string]string{rollout.StateAnnotation: state.String()},
		}}
	}
	all := []client.Object{flies("a", "my-cart"), flies("b", "my-cart"), flies("c", "pay")}
	r := reconciler(fake.NewClientBuilder().WithScheme(scheme.Scheme).WithObjects(all...).Build(), nil)
	named := func(name string) *corev1.Service {
		return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}}
	}
	owned := named("anything")
	owned.OwnerReferences = []metav1.OwnerReference{{Kind: "Deployment", Name: "c", UID: "uid-of-c", Controller: ptr.To(true)}}
	marked := named("my-cart")
	marked.Annotations = map[string]string{route.SplitAnnotation: route.Narrow{Deployment: "a", Hash: "1"}.String()}
	for what, row := range map[string]struct {
		object client.Object
		want   []string
	}{
		"a Service":                  {named("my-cart"), []string{"a", "b"}},
		"the canary's":               {named("my-cart-canary"), []string{"a", "b"}},
		"what stands beside a route": {named("some-web-my-cart-canary"), []string{"a", "b"}},
		"a route":                    {named("my-cart-web"), []string{"a", "b"}},
		"another's":                  {named("pay"), []string{"c"}},
		"what it controls":           {owned, []string{"c"}},
		"each once":                  {marked, []string{"a", "b"}},
		"nobody's":                   {named("other"), nil},
		"nobody's canary":            {named("other-canary"), nil},
		"a part of the name":         {named("cart"), nil},
		"a longer name":              {named("my-pay"), nil},
	} {
		t.Run(what, func(t *testing.T) {
			var got []string
			for _, request := range r.holders(t.Context(), row.object) {
				got = append(got, request.Name)
			}
			assert.Equal(t, row.want, got)
			for _, one := range all {
				d := one.(*appsv1.Deployment)
				assert.False(t, concerns(d, row.object) && !mayConcern(d, row.object), d.Name)
			}
		})
	}
}
