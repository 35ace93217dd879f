// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
)

const (
	// installed is the namespace of this test's own release.
	installed = "evenkeel-chart"
	guarded   = "evenkeel-chart-apps"
	// configurationHere is what it calls its webhook configurations.
	configurationHere = "evenkeel-" + installed
)

const stage = `
apiVersion: v1
kind: Namespace
metadata: {name: evenkeel-chart, labels: {pod-security.kubernetes.io/enforce: restricted}}
---
apiVersion: v1
kind: Namespace
metadata: {name: evenkeel-chart-apps}
`

// asleep opted in, so that no write of it passes without the webhook.
const asleep = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: asleep, namespace: evenkeel-chart-apps, annotations: {evenkeel.dev/strategy: canary}}
spec:
  replicas: 0
  selector: {matchLabels: {app: asleep}}
  template:
    metadata: {labels: {app: asleep}}
    spec: {containers: [{name: app, image: "evenkeel.local/demo:v1", ports: [{containerPort: 8080}]}]}
`

// TestInstalled follows one release from its installation to its end.
func TestInstalled(t *testing.T) {
	fixture.Need(t)
	config, err := ctrl.GetConfig()
	require.NoError(t, err)
	c, err := client.New(config, client.Options{Scheme: clientgoscheme.Scheme})
	require.NoError(t, err)
	release := func(verb string, args ...string) {
		fixture.Must(t, fixture.Values, append([]string{"helm", verb, "evenkeel", chartDir, "-n", installed, "-f", "-", "--wait", "--timeout", "120s"}, args...)...)
	}
	t.Cleanup(func() {
		_, _ = fixture.Run("", "helm", "uninstall", "evenkeel", "-n", installed, "--ignore-not-found")
		_, _ = fixture.Run("", "kubectl", "delete", "namespace", installed, guarded, "--ignore-not-found")
	})

	fixture.Must(t, stage, "kubectl", "apply", "-f", "-")
	fixture.Must(t, "", "helm", "uninstall", "evenkeel", "-n", fixture.System, "--ignore-not-found", "--wait") // there is one a cluster
	release("install")
	fixture.Must(t, asleep, "kubectl", "apply", "-f", "-")

	t.Run("another one is refused beside it", func(t *testing.T) {
		out, err := fixture.Run(fixture.Values, "helm", "install", "second", chartDir, "-n", guarded, "-f", "-")
		require.Error(t, err)
		assert.Contains(t, out, `Evenkeel is in this cluster already: MutatingWebhookConfiguration "`+configurationHere+`" is that of another release.`)
		assert.Equal(t, 1, strings.Count(fixture.Read(t, "kubectl", "get", "mutatingwebhookconfigurations", "-l", "app.kubernetes.io/name=evenkeel", "-o", "name"), "\n"))
	})
	t.Run("it is ready once every caBundle is filled", func(t *testing.T) {
		for name, bundle := range bundles(t, c) {
			assert.Equal(t, 1, strings.Count(bundle, "BEGIN CERTIFICATE"), name)
		}
	})
	t.Run("an emptied caBundle is filled again", func(t *testing.T) {
		fixture.Must(t, "", "kubectl", "patch", "mutatingwebhookconfiguration", configurationHere, "--type=json",
			"-p", `[{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}]`)
		eventually(t, func() bool { return strings.Contains(bundles(t, c)["deployments-guarded.evenkeel.dev"], "BEGIN") })
	})
	t.Run("a new CA and a restart fail no write", func(t *testing.T) {
		before := bundles(t, c)["deployments-guarded.evenkeel.dev"]
		written, stop := writer(t, c)
		fixture.Must(t, "", "kubectl", "delete", "secret", "evenkeel-ca", "-n", installed)
		eventually(t, func() bool {
			now := bundles(t, c)["deployments-guarded.evenkeel.dev"]
			return strings.HasSuffix(now, before) && strings.Count(now, "BEGIN CERTIFICATE") == 2
		})
		time.Sleep(12 * time.Second) // the leaf of the new CA is shown after 10 s
		fixture.Must(t, "", "kubectl", "rollout", "restart", "deployment/evenkeel", "-n", installed)
		fixture.Must(t, "", "kubectl", "rollout", "status", "deployment/evenkeel", "-n", installed, "--timeout=120s")
		time.Sleep(6 * time.Second) // the last pod's drain
		stop()
		assert.Greater(t, written.Load(), int64(100))
	})
	t.Run("an upgrade leaves what the managers wrote", func(t *testing.T) {
		before, data := bundles(t, c), caData(t, c)
		release("upgrade", "--set", "podAnnotations.upgraded=yes,metrics.enabled=true")
		assert.Equal(t, before, bundles(t, c))
		assert.Equal(t, data, caData(t, c))
	})
	t.Run("uninstalling leaves nothing", func(t *testing.T) {
		fixture.Must(t, "", "helm", "uninstall", "evenkeel", "-n", installed, "--wait")
		eventually(t, func() bool {
			return fixture.Read(t, "kubectl", "get", "pods", "-n", installed, "-o", "name") == ""
		})
		kinds := "deployments,replicasets,services,endpointslices,secrets,leases,roles,rolebindings,poddisruptionbudgets,networkpolicies"
		assert.Empty(t, fixture.Read(t, "kubectl", "get", kinds, "-n", installed, "-o", "name"))
		wide := "clusterroles,clusterrolebindings,mutatingwebhookconfigurations,validatingwebhookconfigurations,validatingadmissionpolicies,validatingadmissionpolicybindings"
		assert.NotContains(t, fixture.Read(t, "kubectl", "get", wide, "-o", "name"), configurationHere)
		assert.Equal(t, "configmap/kube-root-ca.crt\n", fixture.Read(t, "kubectl", "get", "configmaps", "-n", installed, "-o", "name"))
		assert.Equal(t, "serviceaccount/default\n", fixture.Read(t, "kubectl", "get", "serviceaccounts", "-n", installed, "-o", "name"))
	})
}

func eventually(t *testing.T, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(50 * time.Millisecond) {
		require.True(t, time.Now().Before(end), "it did not come to be within 20 s")
	}
}

// bundles gives the caBundle of each webhook, by the webhook's name.
func bundles(t *testing.T, c client.Client) map[string]string {
	t.Helper()
	out := map[string]string{}
	var mutating admissionv1.MutatingWebhookConfiguration
	require.NoError(t, c.Get(t.Context(), client.ObjectKey{Name: configurationHere}, &mutating))
	for _, w := range mutating.Webhooks {
		out[w.Name] = string(w.ClientConfig.CABundle)
	}
	var validating admissionv1.ValidatingWebhookConfiguration
	require.NoError(t, c.Get(t.Context(), client.ObjectKey{Name: configurationHere}, &validating))
	for _, w := range validating.Webhooks {
		out["validating "+w.Name] = string(w.ClientConfig.CABundle)
	}
	return out
}

func caData(t *testing.T, c client.Client) map[string][]byte {
	t.Helper()
	var secret corev1.Secret
	require.NoError(t, c.Get(t.Context(), client.ObjectKey{Namespace: installed, Name: "evenkeel-ca"}, &secret))
	return secret.Data
}

// writer writes to the guarded Deployment until it is stopped, and reports each
// write that fails.
func writer(t *testing.T, c client.Client) (written *atomic.Int64, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	written, done := &atomic.Int64{}, make(chan struct{})
	object := &appsv1.Deployment{}
	object.Namespace, object.Name = guarded, "asleep"
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			patch := fmt.Appendf(nil, `{"metadata": {"annotations": {"example.org/count": "%d"}}}`, written.Add(1))
			assert.NoError(t, c.Patch(context.WithoutCancel(ctx), object, client.RawPatch(types.MergePatchType, patch)))
			time.Sleep(20 * time.Millisecond)
		}
	}()
	return written, func() { cancel(); <-done }
}
