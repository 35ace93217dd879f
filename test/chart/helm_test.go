// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
)

const (
	chartDir  = "../../charts/evenkeel"
	namespace = "evenkeel-system"
)

// command gives the program NAME, from the variable or the PATH.
func command(t *testing.T, variable, name string) string {
	t.Helper()
	if path := os.Getenv(variable); path != "" {
		return path
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("there is no %s in the PATH: name one in %s, or run this in the local cluster", name, variable)
	}
	return path
}

// helm runs Helm and gives both of its outputs.
func helm(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.CommandContext(t.Context(), command(t, "HELM", "helm"), args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

// render gives the objects of the release "evenkeel" with some values set.
func render(t *testing.T, values ...string) objects {
	t.Helper()
	args := []string{"template", "evenkeel", chartDir, "--namespace", namespace}
	for _, value := range values {
		args = append(args, "--set", value)
	}
	out, err := helm(t, args...)
	require.NoError(t, err, out)
	return parse(t, out)
}

// parse reads what Helm rendered.
func parse(t *testing.T, out string) objects {
	t.Helper()
	var list objects
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewBufferString(out), 4096)
	for {
		object := map[string]any{}
		err := decoder.Decode(&object)
		if errors.Is(err, io.EOF) {
			return list
		}
		require.NoError(t, err, out)
		if len(object) > 0 {
			list = append(list, unstructured.Unstructured{Object: object})
		}
	}
}

// objects are what Helm rendered.
type objects []unstructured.Unstructured

// kinds lists KIND/NAME of all.
func (o objects) kinds() []string {
	var out []string
	for _, object := range o {
		out = append(out, object.GetKind()+"/"+object.GetName())
	}
	return out
}

// find reads the only object of a kind with a name into a typed one.
func find[T any](t *testing.T, all objects, kind, name string) *T {
	t.Helper()
	for _, object := range all {
		if object.GetKind() == kind && object.GetName() == name {
			typed := new(T)
			require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.Object, typed, true))
			return typed
		}
	}
	require.Failf(t, "not rendered", "%s %q is not among %v", kind, name, all.kinds())
	return nil
}
