// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	rbacv1 "k8s.io/api/rbac/v1"
)

// rights spells rules out: one line a resource, "group/resource name: verbs".
func rights(rules []rbacv1.PolicyRule) []string {
	var out []string
	for _, rule := range rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				name := strings.Join(rule.ResourceNames, ",")
				if name != "" {
					name = " " + name
				}
				out = append(out, strings.TrimPrefix(fmt.Sprintf("%s/%s%s: %s", group, resource, name, strings.Join(rule.Verbs, " ")), "/"))
			}
		}
	}
	slices.Sort(out)
	return out
}

// TestRights is the whole list: a right more is a change of this test.
func TestRights(t *testing.T) {
	cluster := []string{
		"apps/controllerrevisions: get list watch",
		"apps/daemonsets: get list watch patch",
		"apps/deployments: get list watch patch",
		"apps/replicasets: get list watch",
		"apps/statefulsets: get list watch patch",
		"autoscaling/horizontalpodautoscalers: list watch",
		"discovery.k8s.io/endpointslices: get list watch",
		"events.k8s.io/events: create patch",
		"gateway.networking.k8s.io/gatewayclasses: get list watch",
		"gateway.networking.k8s.io/gateways: get list watch",
		"gateway.networking.k8s.io/grpcroutes: get list watch create patch delete",
		"gateway.networking.k8s.io/httproutes: get list watch create patch delete",
		"namespaces: get list watch",
		"networking.k8s.io/ingressclasses: list watch",
		"networking.k8s.io/ingresses: get list watch create patch delete",
		"persistentvolumeclaims: list watch",
		"pods: get list watch delete",
		"policy/poddisruptionbudgets: list watch",
		"resourcequotas: list watch",
		"services: get list watch create patch delete",
	}
	own := []string{
		"configmaps evenkeel-policy: get list watch",
		"coordination.k8s.io/leases evenkeel: get update",
		"coordination.k8s.io/leases: create",
		"events: create patch",
	}
	for _, row := range []struct {
		name         string
		values       []string
		cluster, own []string
	}{
		{"with our own CA", nil, []string{
			"configmaps: get create update",
			"admissionregistration.k8s.io/mutatingwebhookconfigurations evenkeel-evenkeel-system: get list watch patch",
			"admissionregistration.k8s.io/validatingwebhookconfigurations evenkeel-evenkeel-system: get list watch patch",
		}, []string{"secrets evenkeel-ca: get list watch update", "secrets: create"}},
		{"with cert-manager", []string{"certManager.enabled=true"}, []string{"configmaps: get create update"}, nil},
		{"without a ledger", []string{"certManager.enabled=true", "ledger.enabled=false"}, nil, nil},
		{"with notifications and analyses", []string{"certManager.enabled=true", "ledger.enabled=false", "notifications.secrets={slack,events}", "analysis.secrets={token,slack}"}, nil, []string{"secrets slack,events,token: get"}},
		{"with namespaces' own policies", []string{"certManager.enabled=true", "namespacePolicies.enabled=true"}, []string{"configmaps: get list watch", "configmaps: get create update"}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			all := render(t, row.values...)
			assert.ElementsMatch(t, append(row.cluster, cluster...), rights(find[rbacv1.ClusterRole](t, all, "ClusterRole", "evenkeel-evenkeel-system").Rules))
			assert.ElementsMatch(t, append(row.own, own...), rights(find[rbacv1.Role](t, all, "Role", "evenkeel").Rules))
		})
	}
}

// What the Job before uninstalling may do besides, for as long as it runs.
func TestRightsToRestore(t *testing.T) {
	role := find[rbacv1.ClusterRole](t, render(t), "ClusterRole", "evenkeel-evenkeel-system-restore")
	assert.ElementsMatch(t, []string{
		"admissionregistration.k8s.io/mutatingwebhookconfigurations evenkeel-evenkeel-system: delete",
		"admissionregistration.k8s.io/validatingwebhookconfigurations evenkeel-evenkeel-system: delete",
		"apps/daemonsets: update", "apps/deployments: update", "apps/statefulsets: update", "services: update", "networking.k8s.io/ingresses: update",
		"gateway.networking.k8s.io/grpcroutes: update", "gateway.networking.k8s.io/httproutes: update",
	}, rights(role.Rules))
	assert.Equal(t, "before-hook-creation,hook-succeeded,hook-failed", role.Annotations["helm.sh/hook-delete-policy"])
}

// TestBindings give the rights to our ServiceAccount alone.
func TestBindings(t *testing.T) {
	all := render(t)
	want := []rbacv1.Subject{{Kind: "ServiceAccount", Name: "evenkeel", Namespace: namespace}}
	assert.Equal(t, want, find[rbacv1.ClusterRoleBinding](t, all, "ClusterRoleBinding", "evenkeel-evenkeel-system").Subjects)
	assert.Equal(t, want, find[rbacv1.RoleBinding](t, all, "RoleBinding", "evenkeel").Subjects)
}
