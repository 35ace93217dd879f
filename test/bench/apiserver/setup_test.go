// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/template"

	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/cert"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
)

// The namespaces of the three ways to write.
const (
	none = "bench-none" // no webhook
	noop = "bench-noop" // one that does nothing
	ours = "bench-ours" // Evenkeel
)

var ways = []string{none, noop, ours}

// values leave the other ways alone, and run as many of ours as of the other.
const values = fixture.Values + `
replicas: 1
webhook: {excludedNamespaces: [bench-none, bench-noop]}
`

// server is the pod of the webhook that does nothing.
var server = template.Must(template.New("").Funcs(template.FuncMap{"quote": func(b []byte) string { return `"` + strings.ReplaceAll(string(b), "\n", `\n`) + `"` }}).Parse(`
apiVersion: v1
kind: Service
metadata: {name: noop, namespace: bench-noop}
spec: {selector: {app: noop}, ports: [{port: 443, targetPort: 9443}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: noop, namespace: bench-noop}
spec:
  selector: {matchLabels: {app: noop}}
  template:
    metadata: {labels: {app: noop}}
    spec:
      containers:
      - name: noop
        image: evenkeel.local/noop:dev
        imagePullPolicy: Never
        env: [{name: CERT, value: {{quote .Cert}}}, {name: KEY, value: {{quote .Key}}}]
        readinessProbe: {tcpSocket: {port: 9443}}
`))

// setUp makes the three namespaces and both webhooks, and takes them away at the end.
func setUp(b *testing.B) *kubernetes.Clientset {
	b.Helper()
	if os.Getenv("EVENKEEL_CLUSTER") == "" {
		b.Skip("needs a cluster: run it with make bench, or set EVENKEEL_CLUSTER where KUBECONFIG leads to one that has the project's images")
	}
	config, err := ctrl.GetConfig()
	require.NoError(b, err)
	config.QPS, config.WarningHandler = -1, rest.NoWarnings{}
	client, err := kubernetes.NewForConfig(config)
	require.NoError(b, err)
	for _, way := range ways {
		_, err := fixture.Run("", "kubectl", "create", "namespace", way)
		require.NoError(b, err)
		b.Cleanup(func() { _, _ = fixture.Run("", "kubectl", "delete", "namespace", way, "--wait=false") })
	}
	run(b, values, "helm", "upgrade", "--install", "evenkeel", filepath.Join(fixture.Root(), "charts", "evenkeel"),
		"-n", fixture.System, "--create-namespace", "-f", "-", "--wait", "--timeout", "120s")
	name := noop
	certificate, key, err := cert.GenerateSelfSignedCertKey("noop."+name+".svc", nil, nil)
	require.NoError(b, err)
	var manifest bytes.Buffer
	require.NoError(b, server.Execute(&manifest, map[string][]byte{"Cert": certificate, "Key": key}))
	run(b, manifest.String(), "kubectl", "apply", "-f", "-")
	run(b, "", "kubectl", "rollout", "status", "-n", name, "deployment/noop", "--timeout=60s")
	register(b, client, certificate)
	return client
}

func run(b *testing.B, stdin string, args ...string) {
	b.Helper()
	out, err := fixture.Run(stdin, args...)
	require.NoError(b, err, out)
}

// register copies our configurations for the webhook that does nothing: as many
// entries, with the same conditions, for its namespace alone.
func register(b *testing.B, client *kubernetes.Clientset, ca []byte) {
	b.Helper()
	ctx, registry := context.Background(), client.AdmissionregistrationV1()
	only := &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": noop}}
	there := admissionv1.WebhookClientConfig{CABundle: ca, Service: &admissionv1.ServiceReference{Namespace: noop, Name: "noop"}}
	mutating, err := registry.MutatingWebhookConfigurations().Get(ctx, "evenkeel-"+fixture.System, metav1.GetOptions{})
	require.NoError(b, err)
	mutating.ObjectMeta = metav1.ObjectMeta{Name: noop}
	for i := range mutating.Webhooks {
		mutating.Webhooks[i].Name = "noop-" + mutating.Webhooks[i].Name // by which the API server's metrics tell them apart
		mutating.Webhooks[i].NamespaceSelector, mutating.Webhooks[i].ClientConfig = only, there
	}
	validating, err := registry.ValidatingWebhookConfigurations().Get(ctx, "evenkeel-"+fixture.System, metav1.GetOptions{})
	require.NoError(b, err)
	validating.ObjectMeta = metav1.ObjectMeta{Name: noop}
	for i := range validating.Webhooks {
		validating.Webhooks[i].Name = "noop-" + validating.Webhooks[i].Name // by which the API server's metrics tell them apart
		validating.Webhooks[i].NamespaceSelector, validating.Webhooks[i].ClientConfig = only, there
	}
	b.Cleanup(func() {
		_ = registry.MutatingWebhookConfigurations().Delete(ctx, noop, metav1.DeleteOptions{})
		_ = registry.ValidatingWebhookConfigurations().Delete(ctx, noop, metav1.DeleteOptions{})
	})
	_, err = registry.MutatingWebhookConfigurations().Create(ctx, mutating, metav1.CreateOptions{})
	require.NoError(b, err)
	_, err = registry.ValidatingWebhookConfigurations().Create(ctx, validating, metav1.CreateOptions{})
	require.NoError(b, err)
}
