// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// inPod is the environment that the chart gives.
func inPod(name string) string {
	return map[string]string{"POD_NAMESPACE": "evenkeel-system", "SERVICE_ACCOUNT": "evenkeel"}[name]
}

func parse(t *testing.T, environment func(string) string, args ...string) *options {
	t.Helper()
	o, flags := &options{}, pflag.NewFlagSet("manager", pflag.ContinueOnError)
	o.addFlags(flags)
	require.NoError(t, flags.Parse(args))
	o.fromEnvironment(environment)
	return o
}

func TestOptions(t *testing.T) {
	for _, row := range []struct {
		args string
		want string // of the error; empty means valid
	}{
		{"", ""},
		{"--metrics-bind-address=0", ""},
		{"--metrics-bind-address=127.0.0.1:8080", ""},
		{"--tls-mode=files --ca-secret= --mutating-webhook=", ""},
		{"--drain-delay=0s", ""},
		{"--webhook-port=0", "--webhook-port=0 is not a port: use 1 to 65535"},
		{"--webhook-port=70000", "--webhook-port=70000 is not a port: use 1 to 65535"},
		{"--drain-delay=-1s", "--drain-delay=-1s is out of range: use 0s to 5m0s"},
		{"--drain-delay=1h", "--drain-delay=1h0m0s is out of range: use 0s to 5m0s"},
		{"--tls-mode=vault", `--tls-mode="vault" is not known: use self or files`},
		{"--tls-mode=files --cert-dir=", "--cert-dir is empty: name the folder with tls.crt and tls.key"},
		{"--metrics-bind-address=8080", `--metrics-bind-address="8080" is not an address: use HOST:PORT, :PORT, or 0 for none`},
		{"--health-probe-bind-address=:http", `--health-probe-bind-address=":http" is not an address: use HOST:PORT, :PORT, or 0 for none`},
		{"--dashboard-address=0", ""},
		{"--dashboard-address=localhost:9000", ""},
		{"--dashboard-address=:8082", `--dashboard-address=":8082" is not an address of this host alone, and nobody is asked there who they are: use 127.0.0.1:PORT, or 0 for none`},
		{"--dashboard-address=0.0.0.0:8082", `--dashboard-address="0.0.0.0:8082" is not an address of this host alone`},
		{"--dashboard-address=127.0.0.1:http", `--dashboard-address="127.0.0.1:http" is not an address: use`},
		{"--pprof-bind-address=127.0.0.1:8083", ""},
		{"--pprof-bind-address=:8083", `--pprof-bind-address=":8083" is not an address of this host alone, and nobody is asked there who they are: use 127.0.0.1:PORT, or 0 for none`},
		{"--policy-configmap=Policy", `--policy-configmap="Policy" is not an object's name: `},
		{"--leader-election-id=", `--leader-election-id="" is not an object's name: `},
		{"--ca-secret=a/b", `--ca-secret="a/b" is not an object's name: `},
		{"--validating-webhook=", `--validating-webhook="" is not an object's name: `},
	} {
		t.Run(row.args, func(t *testing.T) {
			err := parse(t, inPod, strings.Fields(row.args)...).validate()
			if row.want == "" {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			assert.True(t, strings.HasPrefix(err.Error(), row.want), "%v", err)
			assert.NotContains(t, err.Error(), "\n", "one fault, one line")
		})
	}
}

func TestOptionsTellAllFaults(t *testing.T) {
	err := parse(t, func(string) string { return "" }, "--webhook-port=0", "--tls-mode=x").validate()
	require.Error(t, err)
	for _, fault := range []string{"--webhook-port=0", `--tls-mode="x"`, "POD_NAMESPACE and SERVICE_ACCOUNT must be set in the environment, as the chart does"} {
		assert.ErrorContains(t, err, fault)
	}
}

func TestSelf(t *testing.T) {
	assert.Equal(t, "system:serviceaccount:evenkeel-system:evenkeel", parse(t, inPod).self())
}
