// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/evenkeel-dev/evenkeel/webhook"
)

const configuration = "evenkeel-evenkeel-system"

func mutating(t *testing.T, values ...string) []admissionv1.MutatingWebhook {
	t.Helper()
	return find[admissionv1.MutatingWebhookConfiguration](t, render(t, values...), "MutatingWebhookConfiguration", configuration).Webhooks
}

func validating(t *testing.T, values ...string) []admissionv1.ValidatingWebhook {
	t.Helper()
	return find[admissionv1.ValidatingWebhookConfiguration](t, render(t, values...), "ValidatingWebhookConfiguration", configuration).Webhooks
}

// hook is what both kinds of webhooks have in common.
type hook struct {
	name       string
	client     admissionv1.WebhookClientConfig
	failure    admissionv1.FailurePolicyType
	match      admissionv1.MatchPolicyType
	effects    admissionv1.SideEffectClass
	timeout    int32
	versions   []string
	namespaces *metav1.LabelSelector
	objects    *metav1.LabelSelector
	conditions []admissionv1.MatchCondition
	rules      []admissionv1.RuleWithOperations
}

func hooks(t *testing.T, values ...string) []hook {
	t.Helper()
	var out []hook
	for _, w := range mutating(t, values...) {
		assert.Equal(t, admissionv1.IfNeededReinvocationPolicy, *w.ReinvocationPolicy, w.Name)
		out = append(out, hook{w.Name, w.ClientConfig, *w.FailurePolicy, *w.MatchPolicy, *w.SideEffects, *w.TimeoutSeconds, w.AdmissionReviewVersions, w.NamespaceSelector, w.ObjectSelector, w.MatchConditions, w.Rules})
	}
	for _, w := range validating(t, values...) {
		out = append(out, hook{w.Name, w.ClientConfig, *w.FailurePolicy, *w.MatchPolicy, *w.SideEffects, *w.TimeoutSeconds, w.AdmissionReviewVersions, w.NamespaceSelector, w.ObjectSelector, w.MatchConditions, w.Rules})
	}
	return out
}

// TestWebhooksAreNoDanger checks what must hold of each, so that Evenkeel is
// never what breaks a cluster.
func TestWebhooksAreNoDanger(t *testing.T) {
	all := hooks(t)
	assert.Len(t, all, 17)
	for _, h := range all {
		t.Run(h.name, func(t *testing.T) {
			assert.Equal(t, admissionv1.SideEffectClassNone, h.effects)
			assert.Equal(t, admissionv1.Equivalent, h.match)
			assert.Equal(t, []string{"v1"}, h.versions)
			assert.LessOrEqual(t, h.timeout, int32(3))
			assert.Empty(t, h.client.CABundle, "the managers' own, which an upgrade must not touch")
			assert.Equal(t, "evenkeel-webhook", h.client.Service.Name)
			for _, rule := range h.rules {
				assert.Subset(t, []admissionv1.OperationType{admissionv1.Create, admissionv1.Update}, rule.Operations, "deleting is never ours to hinder")
				assert.NotEmpty(t, rule.Operations)
				for _, resource := range rule.Resources {
					assert.Contains(t, []string{"deployments", "deployments/scale", "statefulsets", "statefulsets/scale", "daemonsets", "services", "httproutes", "grpcroutes", "ingresses", "configmaps"}, resource, "no other subresource, no pods, no ReplicaSets")
				}
			}
			if h.failure == admissionv1.Fail {
				assert.True(t, h.objects != nil || len(h.conditions) > 2, "what fails closed is narrowed to what opted in or is in flight")
				assert.Equal(t, "not-being-deleted", h.conditions[0].Name, "finalizers can go without us")
			}
		})
	}
}

// TestTimeouts are what an API server waits for us at most, on each of its two ways.
func TestTimeouts(t *testing.T) {
	for _, row := range []struct {
		values               []string
		mutating, validating int32
	}{
		{nil, 3, 2},
		{[]string{"webhook.timeoutSeconds.mutating=10"}, 10, 2},
		{[]string{"webhook.timeoutSeconds.validating=1"}, 3, 1},
	} {
		for _, w := range mutating(t, row.values...) {
			assert.Equal(t, row.mutating, *w.TimeoutSeconds, w.Name)
		}
		for _, w := range validating(t, row.values...) {
			assert.Equal(t, row.validating, *w.TimeoutSeconds, w.Name)
		}
	}
}

// TestFailurePolicies is the whole list of what waits for us.
func TestFailurePolicies(t *testing.T) {
	closed := map[string]bool{}
	for _, w := range mutating(t) {
		closed[w.Name] = *w.FailurePolicy == admissionv1.Fail
	}
	for _, w := range validating(t) {
		closed["validating "+w.Name] = *w.FailurePolicy == admissionv1.Fail
	}
	assert.Equal(t, map[string]bool{
		"deployments-guarded.evenkeel.dev": true, "deployments.evenkeel.dev": false,
		"statefulsets.evenkeel.dev": true, "daemonsets.evenkeel.dev": true,
		"services.evenkeel.dev": true, "httproutes.evenkeel.dev": true, "grpcroutes.evenkeel.dev": true, "ingresses.evenkeel.dev": true,
		"httproutes-by-hand.evenkeel.dev": true, "grpcroutes-by-hand.evenkeel.dev": true, "ingresses-by-hand.evenkeel.dev": true,
		"validating deployments.evenkeel.dev": false, "validating scales.evenkeel.dev": false, "validating policies.evenkeel.dev": false,
		"validating statefulsets.evenkeel.dev": false, "validating daemonsets.evenkeel.dev": false, "validating statefulset-scales.evenkeel.dev": false,
	}, closed)
}

func TestNamespacesLeftOut(t *testing.T) {
	for _, h := range hooks(t, "webhook.excludedNamespaces={istio-system}") {
		resource, _, _ := strings.Cut(h.rules[0].Resources[0], "/")
		if !slices.Contains([]string{"deployments", "statefulsets", "daemonsets"}, resource) {
			assert.Nil(t, h.namespaces, "%s looks at marked objects alone, wherever they are", h.name)
			continue
		}
		assert.Equal(t, []metav1.LabelSelectorRequirement{{
			Key: "kubernetes.io/metadata.name", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"kube-system", namespace, "istio-system"},
		}}, h.namespaces.MatchExpressions, h.name)
	}
}

// TestPaths are those that the handler serves, all of them.
func TestPaths(t *testing.T) {
	called, served := map[string]bool{}, map[string]bool{}
	for _, h := range hooks(t) {
		called[*h.client.Service.Path] = true
	}
	webhook.New(webhook.Options{}).Register(func(path string, _ http.Handler) { served[path] = true })
	assert.Equal(t, served, called)
}

func TestCertManagerInjects(t *testing.T) {
	for _, kind := range []string{"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"} {
		with := find[metav1.PartialObjectMetadata](t, metadata(render(t, "certManager.enabled=true")), kind, configuration)
		assert.Equal(t, namespace+"/evenkeel-webhook", with.Annotations["cert-manager.io/inject-ca-from"])
		without := find[metav1.PartialObjectMetadata](t, metadata(render(t)), kind, configuration)
		assert.Empty(t, without.Annotations)
	}
}

// metadata leaves of all objects who they are.
func metadata(all objects) objects {
	for i := range all {
		all[i].Object = map[string]any{"apiVersion": all[i].GetAPIVersion(), "kind": all[i].GetKind(), "metadata": all[i].Object["metadata"]}
	}
	return all
}
