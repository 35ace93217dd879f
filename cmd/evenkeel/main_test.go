// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/tls"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/evenkeel-dev/evenkeel/cmd/command"
	"github.com/evenkeel-dev/evenkeel/webhook/serving"
)

func runCommand(args ...string) (string, error) {
	var out bytes.Buffer
	root := rootCommand()
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(args)
	err := root.Execute()
	return out.String(), err
}

func TestCommands(t *testing.T) {
	t.Setenv("POD_NAMESPACE", "")
	for _, row := range []struct {
		args []string
		want string
	}{
		{[]string{"manager"}, "POD_NAMESPACE and SERVICE_ACCOUNT must be set in the environment, as the chart does"},
		{[]string{"manager", "--tls-mode=x"}, `--tls-mode="x" is not known: use self or files` + "\nPOD_NAMESPACE and SERVICE_ACCOUNT must be set in the environment, as the chart does"},
		{[]string{"manager", "now"}, `unknown command "now" for "evenkeel manager"`},
		{[]string{"manage"}, "unknown command \"manage\" for \"evenkeel\"\n\nDid you mean this?\n\tmanager\n"},
		{[]string{"version", "--json"}, "unknown flag: --json"},
	} {
		_, err := runCommand(row.args...)
		assert.EqualError(t, err, row.want, "%q", row.args)
	}
}

func TestVersion(t *testing.T) {
	out, err := runCommand("version")
	require.NoError(t, err)
	assert.Regexp(t, `^evenkeel dev go1\.\d+\S* \w+/\w+\n$`, out)
}

// TestCache makes sure that of Secrets and ConfigMaps the manager keeps its own.
func TestCache(t *testing.T) {
	o := parse(t, inPod)
	narrowed := map[string]string{}
	for object, by := range o.cache().ByObject {
		if by.Transform != nil {
			continue // kept of the whole cluster, and trimmed
		}
		gvks, _, err := command.Scheme().ObjectKinds(object)
		require.NoError(t, err)
		narrowed[gvks[0].Kind] = by.Field.String()
		switch object.(type) {
		case *corev1.Secret, *corev1.ConfigMap:
			assert.Contains(t, by.Namespaces, "evenkeel-system")
			assert.Len(t, by.Namespaces, 1)
		}
	}
	assert.Equal(t, map[string]string{
		"Secret": "metadata.name=evenkeel-ca", "ConfigMap": "metadata.name=evenkeel-policy",
		"MutatingWebhookConfiguration": "metadata.name=evenkeel", "ValidatingWebhookConfiguration": "metadata.name=evenkeel",
	}, narrowed)
}

func TestManagerOptions(t *testing.T) {
	o := parse(t, inPod, "--metrics-bind-address=0", "--leader-election-id=turn")
	got := o.manager([]func(*tls.Config){serving.Files(t.TempDir()).Configure})
	assert.True(t, got.LeaderElection)
	assert.True(t, got.LeaderElectionReleaseOnCancel, "the other replica takes over at once")
	assert.Equal(t, "turn", got.LeaderElectionID)
	assert.Equal(t, "evenkeel-system", got.LeaderElectionNamespace)
	assert.Equal(t, "0", got.Metrics.BindAddress)
	assert.True(t, got.Scheme.Recognizes(schema.GroupVersionKind{Group: gatewayv1.GroupName, Version: "v1", Kind: "HTTPRoute"}))
}

// TestLogs are one JSON object a line, whichever library speaks.
func TestLogs(t *testing.T) {
	before := slog.Default()
	defer slog.SetDefault(before)
	var out bytes.Buffer
	logTo(slog.NewJSONHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	slog.Info("ready", "replicas", 2)
	assert.JSONEq(t, `{"level":"INFO","msg":"ready","replicas":2}`, out.String())
}
