// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// cluster holds objects.
func cluster(t *testing.T, manifests ...string) client.WithWatch {
	t.Helper()
	scheme := runtime.NewScheme()
	require.NoError(t, clientgoscheme.AddToScheme(scheme))
	require.NoError(t, gatewayv1.Install(scheme))
	var objects []client.Object
	for _, manifest := range manifests {
		object := &unstructured.Unstructured{}
		require.NoError(t, yaml.Unmarshal([]byte(manifest), &object.Object))
		objects = append(objects, object)
	}
	return fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).Build()
}

// httpRoute leads to a Service.
func httpRoute(name, service, more string) string {
	return fmt.Sprintf(`{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: %s, namespace: shop%s}, spec: {rules: [{backendRefs: [{name: %s, port: 80}]}]}}`, name, more, service)
}

// The annotation evenkeel.dev/route selects among the routes that lead to a
// Deployment's Services; without it, all of them count.
func TestWhichRoutesLead(t *testing.T) {
	const sameName = `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web, namespace: shop}, spec: {ingressClassName: nginx, rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: demo, port: {number: 80}}}}]}}]}}`
	world := cluster(t,
		httpRoute("web", "demo", ""), httpRoute("admin", "demo-admin", ""), httpRoute("other", "other", ""), httpRoute("web-demo-canary", "demo", ", labels: {evenkeel.dev/role: canary}"), sameName,
		`{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: nginx}, spec: {controller: k8s.io/ingress-nginx}}`)
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "demo", Namespace: "shop", UID: types.UID("1")}}
	lost := func(ref string) string {
		return ref + ", which annotation evenkeel.dev/route names, does not lead to its Services"
	}
	for name, row := range map[string]struct {
		routes   string
		services []string
		want     []string // in their order
		problems []string
	}{
		"all":                         {"", []string{"demo", "demo-admin"}, []string{"httproute/admin", "httproute/web", "ingress/web"}, nil},
		"of one Service":              {"", []string{"demo-admin"}, []string{"httproute/admin"}, nil},
		"of no Service":               {"", []string{"none"}, nil, nil},
		"a name is an HTTPRoute's":    {"web", []string{"demo", "demo-admin"}, []string{"httproute/web"}, nil},
		"the same name, another kind": {"ingress/web", []string{"demo"}, []string{"ingress/web"}, nil},
		"two, with a space between":   {"ingress/web, httproute/admin", []string{"demo", "demo-admin"}, []string{"httproute/admin", "ingress/web"}, nil},
		"one leads elsewhere":         {"web,other", []string{"demo"}, []string{"httproute/web", "httproute/other"}, []string{lost(`HTTPRoute "other"`)}},
		"one is not there":            {"grpcroute/web", []string{"demo"}, []string{"grpcroute/web"}, []string{lost(`GRPCRoute "web"`)}},
		"Evenkeel's own":              {"web-demo-canary", []string{"demo"}, []string{"httproute/web-demo-canary"}, []string{lost(`HTTPRoute "web-demo-canary"`)}},
		"a text that names none":      {"tcproute/x", []string{"demo"}, []string{"httproute/web", "ingress/web"}, nil}, // the check "strategy" refuses it
	} {
		t.Run(name, func(t *testing.T) {
			all, err := Reader{Cache: world, Kinds: route.Kinds()}.leading(t.Context(), d, row.services, policy.Rollout{Routes: row.routes})
			require.NoError(t, err)
			var refs, problems []string
			for _, one := range all {
				if refs = append(refs, one.ref.String()); one.problem != "" {
					problems = append(problems, one.problem)
				}
			}
			assert.Equal(t, row.want, refs)
			assert.Equal(t, row.problems, problems)
		})
	}
}
