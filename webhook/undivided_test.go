// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook_test

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/webhook/offline"
)

// ingress leads to the Service "demo" by a class, empty for none.
func ingress(name, class string) *networkingv1.Ingress {
	in := &networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "shop"}}
	if class != "" {
		in.Spec.IngressClassName = &class
	}
	in.Spec.Rules = []networkingv1.IngressRule{{Host: "shop.example.com", IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{
		Paths: []networkingv1.HTTPIngressPath{{Path: "/", PathType: ptr.To(networkingv1.PathTypePrefix), Backend: networkingv1.IngressBackend{
			Service: &networkingv1.IngressServiceBackend{Name: "demo", Port: networkingv1.ServiceBackendPort{Number: 80}},
		}}},
	}}}}
	return in
}

func class(name, controller string) *networkingv1.IngressClass {
	return &networkingv1.IngressClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: networkingv1.IngressClassSpec{Controller: controller}}
}

// named gives a route another name, and an owner where the Deployment has it.
func named(r *gatewayv1.HTTPRoute, name string, ours bool) *gatewayv1.HTTPRoute {
	r.Name = name
	if ours {
		r.OwnerReferences = stable(0).OwnerReferences
	}
	return r
}

// asked is a change of a Deployment with annotations.
func asked(t *testing.T, annotations map[string]string, policies *config.Store, around ...client.Object) offline.Answer {
	t.Helper()
	live, next := demo("", "demo:v1"), demo("", "demo:v2")
	for _, d := range []*appsv1.Deployment{live, next} {
		d.Annotations = maps.Clone(annotations)
	}
	return changed(t, live, next, policies, append(around, stable(2), service("demo", "demo"), class("odd", "example.com/odd"), class("nginx", "k8s.io/ingress-nginx"))...)
}

// A release that asks for what routes alone can do never goes on without them.
func TestRoutesThatCannotBeDivided(t *testing.T) {
	canary, blueGreen := map[string]string{policy.StrategyAnnotation: "canary"}, map[string]string{policy.StrategyAnnotation: "blue-green"}
	with := func(annotations map[string]string, key, value string) map[string]string {
		out := maps.Clone(annotations)
		out[key] = value
		return out
	}
	const odd = `Ingress "demo": its controller "example.com/odd" is not known to divide traffic; those that are: k8s.io/ingress-nginx, higress.io/higress-controller, mse.alibabacloud.com/ingress, ingress.k8s.aws/alb, eks.amazonaws.com/alb, zalando.org/skipper. An HTTPRoute is divided by every controller`
	const ways, blue, alone = ". Its traffic would follow no step. Mend that, or write one of:", "\n  evenkeel.dev/strategy: blue-green   # the Service moves all traffic at once", "\n  evenkeel.dev/strategy: batch   # the pods alone change"
	const noMatch = "\n  kubectl annotate deployment -n shop demo evenkeel.dev/match-   # no group of requests"
	for name, row := range map[string]struct {
		annotations map[string]string
		around      []client.Object
		refused     string
	}{
		"an IngressClass that cannot weigh": {canary, []client.Object{ingress("demo", "odd")}, odd + ways + blue + alone},
		"an Ingress without a class": {canary, []client.Object{ingress("demo", "")},
			`Ingress "demo": it has no class, so no controller is known that could divide its traffic; write spec.ingressClassName` + ways + blue + alone},
		"one of two": {canary, []client.Object{ingress("demo", "odd"), leads("demo")},
			odd + ways + "\n  evenkeel.dev/route: httproute/demo   # these alone are divided; the others follow at the end" + blue + alone},
		"a group of a canary by such a class": {with(canary, policy.MatchAnnotation, "header:x=y"), []client.Object{ingress("demo", "odd")}, odd + ways + alone},
		"a group that a class has no words for": {with(canary, policy.MatchAnnotation, "query:x=y"), []client.Object{ingress("demo", "nginx")},
			`Ingress "demo": match: "query:x=y": an nginx Ingress matches by header or cookie, not by query` + ways + noMatch + alone},
		"a preview that nobody would see": {with(blueGreen, policy.MatchAnnotation, "host:a.example.com"), []client.Object{ingress("demo", "odd")}, odd + ways + noMatch + alone},
		"a named route that is not there": {with(canary, policy.RouteAnnotation, "httproute/demo,ingress/other"), []client.Object{leads("demo")},
			`Ingress "other", which annotation evenkeel.dev/route names, does not lead to its Services` + ways + "\n  evenkeel.dev/route: httproute/demo   # these alone are divided; the others follow at the end" + blue + alone},
		"a named route that leads elsewhere, of a blue-green": {with(blueGreen, policy.RouteAnnotation, "demo"), []client.Object{leads("other")},
			`HTTPRoute "demo", which annotation evenkeel.dev/route names, does not lead to its Services` + ways + alone},

		"the others are named":               {annotations: with(canary, policy.RouteAnnotation, "httproute/demo"), around: []client.Object{ingress("demo", "odd"), leads("demo")}},
		"blue-green moves it by the Service": {annotations: blueGreen, around: []client.Object{ingress("demo", "odd")}},
		"no route leads to it":               {annotations: canary, around: []client.Object{leads("other")}},
		"a class that can":                   {annotations: canary, around: []client.Object{ingress("demo", "nginx")}},
	} {
		t.Run(name, func(t *testing.T) {
			answer, want := asked(t, row.annotations, config.NewStore(), row.around...), row.refused
			if want != "" {
				want = "evenkeel: this " + row.annotations[policy.StrategyAnnotation] + " cannot start: " + want
			}
			assert.Equal(t, want, answer.Message)
			assert.Equal(t, want == "", answer.Allowed)
		})
	}
}

// A canary that the policy alone asks for goes on by its pods: nobody who can mend
// the route wrote for it.
func TestRoutesThatCannotBeDividedByThePolicysWish(t *testing.T) {
	store := config.NewStore()
	require.NoError(t, store.Offer([]byte("apiVersion: policy.evenkeel.dev/v1alpha1\nkind: RolloutPolicy\nrules:\n- name: all\n  rollout: {strategy: canary}\n")))
	answer := asked(t, map[string]string{policy.ProbeAnnotation: "none"}, store, ingress("demo", "odd"))
	require.True(t, answer.Allowed, answer.Message)
	assert.Len(t, lines(answer.Warnings, `evenkeel: no-route: no traffic is divided, its pods alone change step by step: Ingress "demo": its controller "example.com/odd"`), 1)

	answer = asked(t, map[string]string{policy.ProbeAnnotation: "none"}, store, ingress("demo", ""), leads("demo"))
	require.True(t, answer.Allowed, answer.Message)
	assert.Contains(t, answer.Warnings, `evenkeel: Ingress "demo": it has no class, so no controller is known that could divide its traffic; write spec.ingressClassName; its traffic stays on stable until the end`)
}

// A host that the policy does not let a release have is refused where the release
// starts, too: its annotation may be older than the policy.
func TestHostsThatThePolicyDoesNotLetItHave(t *testing.T) {
	store := config.NewStore()
	require.NoError(t, store.Offer([]byte("apiVersion: policy.evenkeel.dev/v1alpha1\nkind: RolloutPolicy\nrules:\n- name: all\n  checks: {default: Warn}\n  rollout: {matchHosts: ['*.preview.example.com']}\n")))
	host := func(host string) map[string]string {
		return map[string]string{policy.StrategyAnnotation: "blue-green", policy.MatchAnnotation: "host:" + host}
	}
	assert.Empty(t, asked(t, host("shop.preview.example.com"), store, leads("demo")).Message)
	assert.Equal(t, `evenkeel: this blue-green cannot start: annotation evenkeel.dev/match: host "bank.example.com" is none that policy rule all lets a release have, which are *.preview.example.com; write one of those, or ask whoever keeps the policy to add it to rollout.matchHosts`,
		asked(t, host("bank.example.com"), store, leads("demo")).Message)
}

// What stands beside a route must be able to have its name.
func TestNamesBesideRoutes(t *testing.T) {
	const way = "Give it another one, or leave the traffic to the pods:\n  evenkeel.dev/strategy: batch"
	group := map[string]string{policy.StrategyAnnotation: "canary", policy.MatchAnnotation: "header:x=y"}
	preview := map[string]string{policy.StrategyAnnotation: "blue-green", policy.MatchAnnotation: "host:a.example.com"}
	weights := map[string]string{policy.StrategyAnnotation: "canary"}
	for name, row := range map[string]struct {
		annotations map[string]string
		around      []client.Object
		refused     string
	}{
		"an HTTPRoute": {group, []client.Object{leads("demo"), named(leads("own"), "demo-canary", false)},
			`HTTPRoute "demo-canary" exists and is not Evenkeel's, and the HTTPRoute beside HTTPRoute "demo" would have its name. ` + way},
		"of a route with another name": {group, []client.Object{named(leads("demo"), "web", false), named(leads("own"), "web-demo-canary", false)},
			`HTTPRoute "web-demo-canary" exists and is not Evenkeel's, and the HTTPRoute beside HTTPRoute "web" would have its name. ` + way},
		"a preview": {preview, []client.Object{leads("demo"), named(leads("own"), "demo-canary-preview", false)},
			`HTTPRoute "demo-canary-preview" exists and is not Evenkeel's, and the HTTPRoute beside HTTPRoute "demo" would have its name. ` + way},
		"a canary's Ingress": {weights, []client.Object{ingress("demo", "nginx"), strange()},
			`Ingress "demo-canary" exists and is not Evenkeel's, and the Ingress beside Ingress "demo" would have its name. ` + way},

		"its own":                       {annotations: group, around: []client.Object{leads("demo"), named(leads("own"), "demo-canary", true)}},
		"weights need nothing beside":   {annotations: weights, around: []client.Object{leads("demo"), named(leads("own"), "demo-canary", false)}},
		"another kind has another name": {annotations: group, around: []client.Object{leads("demo"), strange()}},
	} {
		t.Run(name, func(t *testing.T) {
			want := row.refused
			if want != "" {
				want = "evenkeel: this " + row.annotations[policy.StrategyAnnotation] + " cannot start: " + want
			}
			assert.Equal(t, want, asked(t, row.annotations, config.NewStore(), row.around...).Message)
		})
	}
}

// strange is an Ingress of somebody's own, which leads elsewhere.
func strange() *networkingv1.Ingress {
	in := ingress("demo-canary", "nginx")
	in.Spec.Rules[0].HTTP.Paths[0].Backend.Service.Name = "own"
	return in
}
