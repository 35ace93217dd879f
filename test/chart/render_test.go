// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/evenkeel-dev/evenkeel/config"
)

func TestLint(t *testing.T) {
	out, err := helm(t, "lint", "--strict", chartDir)
	assert.NoError(t, err, out)
}

// TestObjects is the whole list, so that nothing comes or goes unseen.
func TestObjects(t *testing.T) {
	always := []string{
		"ServiceAccount/evenkeel", "ClusterRole/evenkeel-evenkeel-system", "ClusterRoleBinding/evenkeel-evenkeel-system",
		"Role/evenkeel", "RoleBinding/evenkeel", "ConfigMap/evenkeel-policy", "Lease/evenkeel",
		"Deployment/evenkeel", "Service/evenkeel-webhook", "PodDisruptionBudget/evenkeel",
		"ClusterRole/evenkeel-evenkeel-system-restore", "ClusterRoleBinding/evenkeel-evenkeel-system-restore", "Job/evenkeel-restore",
		"MutatingWebhookConfiguration/evenkeel-evenkeel-system", "ValidatingWebhookConfiguration/evenkeel-evenkeel-system",
		"ValidatingAdmissionPolicy/evenkeel-evenkeel-system-owned", "ValidatingAdmissionPolicyBinding/evenkeel-evenkeel-system-owned",
	}
	kept := []string{
		"ValidatingAdmissionPolicy/evenkeel-evenkeel-system-ledger", "ValidatingAdmissionPolicyBinding/evenkeel-evenkeel-system-ledger",
		"ValidatingAdmissionPolicy/evenkeel-evenkeel-system-ledger-only", "ValidatingAdmissionPolicyBinding/evenkeel-evenkeel-system-ledger-only",
	}
	for _, row := range []struct {
		name   string
		values []string
		more   []string
	}{
		{"by default", nil, []string{"Secret/evenkeel-ca"}},
		{"cert-manager, a CA of its own", []string{"certManager.enabled=true"}, []string{
			"Issuer/evenkeel-selfsigned", "Certificate/evenkeel-ca", "Issuer/evenkeel-ca", "Certificate/evenkeel-webhook",
		}},
		{"cert-manager, somebody's issuer", []string{"certManager.enabled=true", "certManager.issuerRef.name=corporate"}, []string{"Certificate/evenkeel-webhook"}},
		{"metrics", []string{"metrics.enabled=true"}, []string{"Secret/evenkeel-ca", "Service/evenkeel-metrics"}},
		{"metrics, rules, monitor and dashboard", []string{"metrics.enabled=true", "metrics.rules.enabled=true", "metrics.serviceMonitor.enabled=true", "metrics.dashboard.enabled=true"}, []string{
			"Secret/evenkeel-ca", "Service/evenkeel-metrics", "ServiceMonitor/evenkeel", "PrometheusRule/evenkeel", "ConfigMap/evenkeel-dashboard",
		}},
		{"network policy", []string{"networkPolicy.enabled=true"}, []string{"Secret/evenkeel-ca", "NetworkPolicy/evenkeel"}},
		{"no ledger", []string{"ledger.enabled=false"}, []string{"Secret/evenkeel-ca"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			want := append(append([]string{}, always...), row.more...)
			if !slices.Contains(row.values, "ledger.enabled=false") {
				want = append(want, kept...)
			}
			assert.ElementsMatch(t, want, render(t, row.values...).kinds())
		})
	}
}

func TestSchemaRefuses(t *testing.T) {
	for _, row := range []struct{ value, want string }{
		{"replica=3", "additional properties 'replica' not allowed"},
		{"image.name=x", "additional properties 'name' not allowed"},
		{"image.pullPolicy=always", "value must be one of 'Always', 'IfNotPresent', 'Never'"},
		{"image.digest=sha256:short", "does not match pattern"},
		{"replicas=0", "minimum: got 0, want 1"},
		{"webhook.timeoutSeconds.mutating=31", "maximum: got 31, want 30"},
		{"webhook.timeoutSeconds.validating=0", "minimum: got 0, want 1"},
		{"webhook.timeoutSeconds=3", "got number, want object"},
		{"webhook.failurePolicy=Ignore", "additional properties 'failurePolicy' not allowed"},
		{"policy.rule[0].name=x", "additional properties 'rule' not allowed"},
		{"policy.kind=Policy", "value must be 'RolloutPolicy'"},
		{"certManager.enable=true", "additional properties 'enable' not allowed"},
		{"metrics.rules=true", "got boolean, want object"},
		{"metrics.rules.enabled=true", "are about metrics that nobody serves: set metrics.enabled=true"},
		{"tracing.endpoint=collector:4318", "does not match pattern"},
		{"tracing.protocol=thrift", "value must be one of 'http/protobuf', 'grpc'"},
		{"podLabels.team=1", "got number, want string"},
	} {
		t.Run(row.value, func(t *testing.T) {
			out, err := helm(t, "template", "evenkeel", chartDir, "--set", row.value)
			require.Error(t, err)
			assert.Contains(t, out, row.want)
		})
	}
}

// TestPolicyLoads checks the policy as the manager will.
func TestPolicyLoads(t *testing.T) {
	for _, values := range [][]string{nil, {"policy.rules[0].name=demo", "policy.rules[0].rollout.settle=3s"}} {
		object := find[corev1.ConfigMap](t, render(t, values...), "ConfigMap", "evenkeel-policy")
		assert.Equal(t, "cluster", object.Labels["evenkeel.dev/policy"])
		_, err := config.Load([]byte(object.Data[config.PolicyKey]))
		assert.NoError(t, err)
	}
}

// TestSecretIsEmpty makes sure that an upgrade cannot wipe what a manager wrote.
func TestSecretIsEmpty(t *testing.T) {
	secret := find[corev1.Secret](t, render(t), "Secret", "evenkeel-ca")
	assert.Empty(t, secret.Data)
	assert.Empty(t, secret.StringData)
}

func TestNetworkPolicy(t *testing.T) {
	ports := func(values ...string) map[string]int { // port: how many peers are named; 0 is everybody
		policy := find[networkingv1.NetworkPolicy](t, render(t, append(values, "networkPolicy.enabled=true")...), "NetworkPolicy", "evenkeel")
		out := map[string]int{}
		for _, rule := range policy.Spec.Ingress {
			for _, port := range rule.Ports {
				out[port.Port.String()] = len(rule.From)
			}
		}
		return out
	}
	only := find[networkingv1.NetworkPolicy](t, render(t, "networkPolicy.enabled=true"), "NetworkPolicy", "evenkeel")
	assert.Equal(t, []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}, only.Spec.PolicyTypes, "no selector knows the API server: what goes out is not limited")
	assert.Equal(t, deployment(t).Spec.Selector.MatchLabels, only.Spec.PodSelector.MatchLabels, "every manager, and nothing else")
	from := "networkPolicy.metricsFrom[0].podSelector.matchLabels.app=prometheus"
	assert.Equal(t, map[string]int{"webhook": 0, "health": 0}, ports())
	assert.Equal(t, map[string]int{"webhook": 0, "health": 0}, ports("metrics.enabled=true"))
	assert.Equal(t, map[string]int{"webhook": 0, "health": 0, "metrics": 1}, ports("metrics.enabled=true", from))
}

// A CA of clients is mounted, and named to the manager.
func TestClientCA(t *testing.T) {
	args := func(values ...string) []string { return deployment(t, values...).Spec.Template.Spec.Containers[0].Args }
	assert.NotContains(t, strings.Join(args(), " "), "--client-ca-file")
	asked := []string{"webhook.clientCA.configMap=clients", "webhook.clientCA.names[0]=kube-apiserver"}
	assert.Contains(t, args(asked...), "--client-ca-file=/clients/ca.crt")
	assert.Contains(t, args(asked...), "--client-names=kube-apiserver")
	pod := deployment(t, asked...).Spec.Template.Spec
	assert.Equal(t, "clients", pod.Volumes[0].ConfigMap.Name)
	assert.Equal(t, corev1.VolumeMount{Name: "clients", MountPath: "/clients", ReadOnly: true}, pod.Containers[0].VolumeMounts[0])
}

// Nothing is traced until a collector is named.
func TestTracing(t *testing.T) {
	env := func(values ...string) map[string]string {
		out := map[string]string{}
		for _, one := range deployment(t, values...).Spec.Template.Spec.Containers[0].Env {
			if strings.HasPrefix(one.Name, "OTEL_") {
				out[one.Name] = one.Value
			}
		}
		return out
	}
	assert.Empty(t, env())
	assert.Equal(t, map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
		"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1",
	}, env("tracing.endpoint=http://collector:4317", "tracing.protocol=grpc", "tracing.ratio=0.1"))
}
