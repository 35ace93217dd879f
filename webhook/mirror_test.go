// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/go-logr/logr"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/policy/excerpt"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// The objects around a Deployment "demo" of which version 1 serves.
const (
	demoService = `{apiVersion: v1, kind: Service, metadata: {name: demo, namespace: shop}, spec: {selector: {app: demo}, ports: [{port: 80}]}}`
	demoRoute   = `{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: demo, namespace: shop}, spec: {parentRefs: [{name: edge, namespace: infra}], rules: [{backendRefs: [{name: demo, port: 80}]}]}}`
	edgeGateway = `{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: edge, namespace: infra}, spec: {gatewayClassName: able, listeners: []}}`
	ableClass   = `{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: able}, spec: {controllerName: a.b/c}, status: {supportedFeatures: [{name: HTTPRouteRequestMirror}, {name: HTTPRouteRequestPercentageMirror}]}}`
	demoServes  = `{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: demo-1, namespace: shop, uid: "2", labels: {app: demo, pod-template-hash: "1"}, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: demo, uid: "1", controller: true}]},
 spec: {replicas: 3, selector: {matchLabels: {app: demo}}, template: {metadata: {labels: {app: demo, pod-template-hash: "1"}}}}, status: {replicas: 3, readyReplicas: 3}}`
)

func mirrorScheme(t *testing.T) *runtime.Scheme {
	t.Helper()
	s := runtime.NewScheme()
	require.NoError(t, clientgoscheme.AddToScheme(s))
	require.NoError(t, gatewayv1.Install(s))
	return s
}

// among is admission in a cluster with objects.
func among(t *testing.T, filled func(policy.Kind) bool, manifests ...string) *http.ServeMux {
	t.Helper()
	return under(t, config.NewStore(), filled, manifests...)
}

// under is the same by a policy.
func under(t *testing.T, policies *config.Store, filled func(policy.Kind) bool, manifests ...string) *http.ServeMux {
	t.Helper()
	world := cluster(t, manifests...)
	mux := http.NewServeMux()
	New(Options{
		Cache: world, Live: world, Filled: filled, Policies: policies, Self: self, Log: logr.Discard(), Now: func() time.Time { return time.Unix(1.8e9, 0) },
	}).Register(mux.Handle)
	return mux
}

// cluster holds objects.
func cluster(t *testing.T, manifests ...string) client.Client {
	t.Helper()
	var objects []client.Object
	for _, manifest := range manifests {
		object := &unstructured.Unstructured{}
		require.NoError(t, yaml.Unmarshal([]byte(manifest), &object.Object))
		objects = append(objects, object)
	}
	return fake.NewClientBuilder().WithScheme(mirrorScheme(t)).WithObjects(objects...).
		WithStatusSubresource(&gatewayv1.GatewayClass{}, &appsv1.ReplicaSet{}, &networkingv1.Ingress{}).Build()
}

// wrote sends a Deployment and gives the answer, and the object that comes out.
func wrote(t *testing.T, mux http.Handler, user, old, incoming string) (*admissionv1.AdmissionResponse, *appsv1.Deployment) {
	t.Helper()
	out := post(mux, "/mutate/deployments", "application/json", reviewOf(t, "Deployment", "apps", user, old, incoming))
	require.Equal(t, http.StatusOK, out.Code, out.Body.String())
	var answered admissionv1.AdmissionReview
	require.NoError(t, json.Unmarshal(out.Body.Bytes(), &answered))
	patched := []byte(incoming)
	if len(answered.Response.Patch) > 0 {
		patch, err := jsonpatch.DecodePatch(answered.Response.Patch)
		require.NoError(t, err)
		patched, err = patch.Apply(patched)
		require.NoError(t, err)
	}
	var d appsv1.Deployment
	require.NoError(t, json.Unmarshal(patched, &d))
	return answered.Response, &d
}

// demo is the Deployment with a version and a mirror; without one where it is empty.
func demo(version, mirror string) string {
	annotations := `"evenkeel.dev/strategy":"canary","evenkeel.dev/steps":"0%:10m,50%,100%","evenkeel.dev/probe":"none"`
	if mirror != "" {
		annotations += fmt.Sprintf(`,"evenkeel.dev/mirror":%q`, mirror)
	}
	return strings.Replace(ofVersion(version, annotations), `"namespace":"shop"`, `"namespace":"shop","uid":"1"`, 1)
}

func state(t *testing.T, d *appsv1.Deployment) rollout.State {
	t.Helper()
	s, err := rollout.ParseState(d.Annotations[rollout.StateAnnotation])
	require.NoError(t, err)
	return s
}

const withoutIt = ". Without it, the release is as it would be:\n  kubectl annotate deployment -n shop demo evenkeel.dev/mirror-"

func TestAMirrorThatEveryParentSupports(t *testing.T) {
	mux := among(t, nil, demoService, demoRoute, edgeGateway, ableClass, demoServes)
	answer, d := wrote(t, mux, "team", demo("v1", "10%"), demo("v2", "10%"))
	require.True(t, answer.Allowed, answer.Result)
	assert.Equal(t, 10, state(t, d).Mirror)
	assert.Contains(t, strings.Join(answer.Warnings, "\n"), "canary 0%:10m,50%,100%, with copies of 10% of the requests starts")

	answer, _ = wrote(t, mux, "team", demo("v1", ""), demo("v1", "10%"))
	assert.True(t, answer.Allowed, "annotated alone")
	_, d = wrote(t, mux, "team", demo("v1", ""), demo("v2", ""))
	assert.Zero(t, state(t, d).Mirror)
}

// What nobody can be sure of is refused, by the write that brings the annotation
// and by the one that would start to mirror.
func TestAMirrorThatIsNotKnownToBeSupported(t *testing.T) {
	change := func(object, old, now string) string { return strings.Replace(object, old, now, 1) }
	twoParents := change(demoRoute, "[{name: edge, namespace: infra}]", "[{name: edge, namespace: infra}, {name: other, namespace: infra}]")
	other := strings.NewReplacer("edge", "other", "able", "unable").Replace(edgeGateway)
	unable := strings.NewReplacer("able}", "unable}", "[{name: HTTPRouteRequestMirror}, {name: HTTPRouteRequestPercentageMirror}]", "[{name: HTTPRouteRequestMirror}]").Replace(ableClass)
	audited := change(demoRoute, "{backendRefs", "{filters: [{type: RequestMirror, requestMirror: {backendRef: {name: audit, port: 80}}}], backendRefs")
	ingress := `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web, namespace: shop}, spec: {ingressClassName: nginx, rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: demo, port: {number: 80}}}}]}}]}}`
	for name, row := range map[string]struct {
		objects []string
		filled  func(policy.Kind) bool
		mirror  string
		says    string
	}{
		"one of two parents": {[]string{twoParents, edgeGateway, ableClass, other, unable}, nil, "10%",
			`HTTPRoute "demo": GatewayClass "unable" of its parent "infra/other" does not list HTTPRouteRequestPercentageMirror in status.supportedFeatures`},
		"a class that says nothing": {[]string{demoRoute, edgeGateway, change(ableClass, "[{name: HTTPRouteRequestMirror}, {name: HTTPRouteRequestPercentageMirror}]", "[]")}, nil, "100%",
			`HTTPRoute "demo": GatewayClass "able" of its parent "infra/edge" does not list HTTPRouteRequestMirror in status.supportedFeatures`},
		"beside the user's own": {[]string{audited, edgeGateway, ableClass}, nil, "10%",
			`HTTPRoute "demo": GatewayClass "able" of its parent "infra/edge" does not list HTTPRouteRequestMultipleMirrors in status.supportedFeatures`},
		"no such Gateway": {[]string{demoRoute, ableClass}, nil, "10%", `HTTPRoute "demo": its parent Gateway "infra/edge" does not exist`},
		"no such class":   {[]string{demoRoute, edgeGateway}, nil, "10%", `HTTPRoute "demo": GatewayClass "able" of its parent "infra/edge" does not exist`},
		"a cold cache": {[]string{demoRoute, edgeGateway, ableClass}, func(k policy.Kind) bool { return k != policy.Gateways }, "10%",
			`HTTPRoute "demo": its parent Gateway "infra/edge" is not known: the cache of Gateways is not filled`},
		"a mesh": {[]string{change(demoRoute, "{name: edge, namespace: infra}", `{name: demo, kind: Service, group: ""}`)}, nil, "10%",
			`HTTPRoute "demo": its parent Service "demo" is no Gateway, so no GatewayClass says whether it mirrors`},
		"a ListenerSet": {[]string{change(demoRoute, "{name: edge, namespace: infra}", "{name: team, kind: ListenerSet}")}, nil, "10%",
			`HTTPRoute "demo": its parent ListenerSet "team" is no Gateway, so no GatewayClass says whether it mirrors`},
		"no parent": {[]string{change(demoRoute, "parentRefs: [{name: edge, namespace: infra}], ", "")}, nil, "10%",
			`HTTPRoute "demo": it has no parent, so no GatewayClass says whether it mirrors`},
		"gRPC": {[]string{change(demoRoute, "HTTPRoute", "GRPCRoute"), edgeGateway, ableClass}, nil, "10%",
			`GRPCRoute "demo": the Gateway API has no name for mirroring by a GRPCRoute, so no GatewayClass can say that it does; an HTTPRoute leads gRPC, too`},
		"an Ingress beside the route": {[]string{demoRoute, edgeGateway, ableClass, ingress}, nil, "10%",
			`Ingress "web": an Ingress has no words for a mirror to the canary of Service "demo"; an HTTPRoute has, where its GatewayClass supports HTTPRouteRequestMirror`},
		"no route": {nil, nil, "10%", "no route leads to its Services, and it is a route that mirrors"},
	} {
		t.Run(name, func(t *testing.T) {
			mux := among(t, row.filled, append(row.objects, demoService, demoServes)...)
			want := "evenkeel: annotation evenkeel.dev/mirror cannot be followed: " + row.says
			for _, incoming := range []string{demo("v1", row.mirror), demo("v2", row.mirror)} {
				answer, _ := wrote(t, mux, "team", demo("v1", ""), incoming)
				require.False(t, answer.Allowed)
				assert.Equal(t, want+withoutIt, answer.Result.Message)
			}
			answer, _ := wrote(t, mux, "team", demo("v1", row.mirror), demo("v2", row.mirror))
			require.False(t, answer.Allowed, "it was there before, and would count now")
			answer, _ = wrote(t, mux, "team", demo("v1", row.mirror), strings.Replace(demo("v1", row.mirror), `"replicas":3`, `"replicas":4`, 1))
			assert.True(t, answer.Allowed, "what has nothing to do with it passes")
			answer, _ = wrote(t, mux, "team", demo("v1", row.mirror), demo("v2", ""))
			assert.True(t, answer.Allowed, "the way out")
			answer, _ = wrote(t, mux, "team", "", demo("v1", row.mirror))
			assert.True(t, answer.Allowed, "the route may come right after")
			assert.Contains(t, answer.Warnings, excerpt.Runes(want, 256))
		})
	}
}

func TestAMirrorThatNobodyReads(t *testing.T) {
	mux := among(t, nil, demoService, demoRoute, edgeGateway, ableClass, demoServes)
	answer, _ := wrote(t, mux, "team", demo("v1", ""), demo("v1", "ten"))
	require.False(t, answer.Allowed)
	assert.Contains(t, answer.Result.Message, `annotation evenkeel.dev/mirror: "ten" is not a whole percent from 1% to 100%; write for example "10%"`)

	batch := strings.NewReplacer("canary", "batch", "0%:10m", "10%").Replace
	answer, d := wrote(t, mux, "team", batch(demo("v1", "")), batch(demo("v2", "10%")))
	require.True(t, answer.Allowed, answer.Result)
	assert.Contains(t, answer.Warnings, "evenkeel: annotation evenkeel.dev/mirror is not followed: the strategy batch moves no traffic; write evenkeel.dev/strategy: canary")
	assert.Zero(t, state(t, d).Mirror)
}

// Whoever takes the annotation off in flight has no copies from then on; another
// value is for the next release.
func TestAMirrorInFlight(t *testing.T) {
	mux := among(t, nil, demoService, demoRoute, edgeGateway, ableClass, demoServes)
	_, begun := wrote(t, mux, "team", demo("v1", "10%"), demo("v2", "10%"))
	flying, err := json.Marshal(begun)
	require.NoError(t, err)
	for mirror, want := range map[string]int{"10%": 10, "20%": 10, "": 0} {
		next := begun.DeepCopy()
		next.Annotations[policy.MirrorAnnotation] = mirror
		if mirror == "" {
			delete(next.Annotations, policy.MirrorAnnotation)
		}
		sent, err := json.Marshal(next)
		require.NoError(t, err)
		answer, d := wrote(t, mux, "team", string(flying), string(sent))
		require.True(t, answer.Allowed, answer.Result)
		assert.Equal(t, want, state(t, d).Mirror)
		assert.Equal(t, mirror == "20%", strings.Contains(strings.Join(answer.Warnings, ""), "annotation evenkeel.dev/mirror counts from the next release on; the one in flight has copies of 10% of the requests"))
	}
}

// A route that mirrors gets no parent of which nobody knows whether it can.
func TestARouteThatMirrorsAndItsParents(t *testing.T) {
	const able, unable = `"parentRefs":[{"name":"edge","namespace":"infra"}]`, `"parentRefs":[{"name":"edge","namespace":"infra"},{"name":"other","namespace":"infra"}]`
	routeOf := func(parents, split string) string {
		return fmt.Sprintf(`{"metadata":{"name":"demo","namespace":"shop"%s},"spec":{%s,"rules":[{"backendRefs":[{"name":"demo","port":80}]}]}}`, split, parents)
	}
	const mirrors = `,"annotations":{"evenkeel.dev/split":"{\"shares\":[{\"deployment\":\"demo\",\"service\":\"demo\",\"canary\":\"demo-canary\",\"weight\":0,\"mirror\":10}]}"}`
	mux := among(t, nil, edgeGateway, ableClass)
	send := func(user, old, incoming string) *admissionv1.AdmissionResponse {
		out := post(mux, "/mutate/httproutes", "application/json", reviewOf(t, "HTTPRoute", "gateway.networking.k8s.io", user, old, incoming))
		require.Equal(t, http.StatusOK, out.Code, out.Body.String())
		var answered admissionv1.AdmissionReview
		require.NoError(t, json.Unmarshal(out.Body.Bytes(), &answered))
		return answered.Response
	}
	begins := send(self, routeOf(able, ""), routeOf(able, mirrors))
	require.True(t, begins.Allowed, begins.Result)
	patch, err := jsonpatch.DecodePatch(begins.Patch)
	require.NoError(t, err)
	live, err := patch.Apply([]byte(routeOf(able, mirrors)))
	require.NoError(t, err)
	assert.Contains(t, string(live), `"filters":[{"requestMirror":{"backendRef":{"name":"demo-canary","port":80},"percent":10},"type":"RequestMirror"}]`)
	assert.NotContains(t, string(live), `"weight"`)

	const says = `evenkeel: this HTTPRoute is in flight and cannot mirror as its release asks: its parent Gateway "infra/other" does not exist`
	moved := send("team", string(live), routeOf(unable, ""))
	require.False(t, moved.Allowed)
	assert.Equal(t, says, moved.Result.Message)
	late := send(self, routeOf(unable, ""), routeOf(unable, mirrors))
	require.False(t, late.Allowed, "a parent that came since the release was let in")
	assert.Equal(t, says, late.Result.Message)
	audited := strings.Replace(routeOf(able, ""), `{"backendRefs"`, `{"filters":[{"type":"RequestMirror","requestMirror":{"backendRef":{"name":"audit","port":80}}}],"backendRefs"`, 1)
	second := send("team", string(live), audited)
	require.False(t, second.Allowed, "a mirror of the user's own makes two")
	assert.Contains(t, second.Result.Message, "does not list HTTPRouteRequestMultipleMirrors")
	assert.True(t, send("team", routeOf(able, ""), audited).Allowed, "it is the user's, where nothing is in flight")
	mux = among(t, nil) // of which nothing is known any more
	assert.True(t, send("team", string(live), routeOf(able, "")).Allowed, "applied again")
	assert.True(t, send(self, string(live), routeOf(able, "")).Allowed, "restored")
}

// Nor is anything taken for granted where the cluster cannot be read.
func TestAMirrorAndADeadCache(t *testing.T) {
	out := post(blind(t, ""), "/mutate/deployments", "application/json", reviewOf(t, "Deployment", "apps", "team", demo("v1", ""), demo("v1", "10%")))
	require.Equal(t, http.StatusOK, out.Code, out.Body.String())
	assert.Contains(t, out.Body.String(), "annotation evenkeel.dev/mirror cannot be followed: Services are not known: they cannot be listed")
	assert.Contains(t, out.Body.String(), `"allowed":false`)
}
