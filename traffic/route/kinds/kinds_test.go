// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
	"github.com/evenkeel-dev/evenkeel/traffic/route/gateway"
)

func TestRenderer(t *testing.T) {
	got, err := Renderer(route.GRPCRoute, "")
	require.NoError(t, err)
	assert.Equal(t, gateway.Renderer{Kind: route.GRPCRoute}, got)
	got, err = Renderer(route.Ingress, "ingress.k8s.aws/alb")
	require.NoError(t, err)
	assert.NotNil(t, got)
	_, err = Renderer(route.Ingress, "example.com/unheard-of")
	assert.ErrorContains(t, err, `its controller "example.com/unheard-of" is not known to divide traffic`)
}

func TestServices(t *testing.T) {
	backend := func(service, port string) route.Object {
		return route.Object{"path": "/", "backend": route.Object{"service": route.Object{"name": service, "port": route.Object{"name": port}}}}
	}
	ingress := route.Object{
		"metadata": route.Object{"annotations": route.Object{"alb.ingress.kubernetes.io/actions.split": `{"type":"forward","forwardConfig":{"targetGroups":[{"serviceName":"pay","servicePort":"80","weight":100}]}}`}},
		"spec":     route.Object{"rules": []any{route.Object{"http": route.Object{"paths": []any{backend("cart", "http"), backend("split", "use-annotation")}}}}},
	}
	assert.Equal(t, []string{"cart", "pay", "split"}, Services(route.Ingress, ingress), "of all controllers")
	httpRoute := route.Object{"spec": route.Object{"rules": []any{route.Object{"backendRefs": []any{route.Object{"name": "cart"}, route.Object{"name": "cart-canary"}}}}}}
	assert.Equal(t, []string{"cart", "cart-canary"}, Services(route.HTTPRoute, httpRoute))
}

func TestController(t *testing.T) {
	class := func(name, controller, isDefault string) networkingv1.IngressClass {
		meta := metav1.ObjectMeta{Name: name, Annotations: map[string]string{networkingv1.AnnotationIsDefaultIngressClass: isDefault}}
		return networkingv1.IngressClass{ObjectMeta: meta, Spec: networkingv1.IngressClassSpec{Controller: controller}}
	}
	classes := []networkingv1.IngressClass{class("web", "a.io/web", "false"), class("usual", "b.io/usual", "true")}
	named := func(name string) route.Object { return route.Object{"spec": route.Object{"ingressClassName": name}} }
	old := route.Object{"metadata": route.Object{"annotations": route.Object{legacyClass: "web"}}}
	for name, row := range map[string]struct {
		object route.Object
		want   string
	}{
		"by name":                  {named("web"), "a.io/web"},
		"by the old annotation":    {old, "a.io/web"},
		"the default":              {route.Object{}, "b.io/usual"},
		"a class that nobody made": {named("nginx"), "k8s.io/ingress-nginx"},
		"nobody knows":             {named("own"), ""},
	} {
		assert.Equal(t, row.want, Controller(row.object, classes), name)
	}
}
