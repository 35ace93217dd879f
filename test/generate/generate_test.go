// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	validator "github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

const root = "../.."

// What is checked in is what the code says.
func TestEverythingIsGenerated(t *testing.T) {
	t.Chdir(root)
	require.NoError(t, run(true))
}

func TestWhatIsStaleIsTold(t *testing.T) {
	there := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(there, "config"), os.DirFS(filepath.Join(root, "config"))), "the comments")
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(root, f.path))
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Join(there, filepath.Dir(f.path)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(there, f.path), bytes.Replace(text, []byte("| check |"), []byte("| chekc |"), 1), 0o600))
	}
	t.Chdir(there)
	require.ErrorContains(t, run(true), "docs/checks/README.md is not what the code says: run make generate")
	require.NoError(t, run(false))
	require.NoError(t, run(true))
	_, err := parts("", []byte("<!-- generated: nothing -->\n<!-- end -->"))
	require.EqualError(t, err, `there is no table "nothing"`)
}

func schema(t *testing.T) *validator.Schema {
	t.Helper()
	file, err := os.Open(filepath.Join(root, "config", "policy.schema.json"))
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	document, err := validator.UnmarshalJSON(file)
	require.NoError(t, err)
	compiler := validator.NewCompiler()
	require.NoError(t, compiler.AddResource("policy", document))
	compiled, err := compiler.Compile("policy")
	require.NoError(t, err)
	return compiled
}

func valid(t *testing.T, s *validator.Schema, text []byte) error {
	t.Helper()
	object, err := yaml.YAMLToJSON(text)
	require.NoError(t, err)
	document, err := validator.UnmarshalJSON(bytes.NewReader(object))
	require.NoError(t, err)
	return s.Validate(document)
}

// An editor with the schema sees what loading sees.
func TestTheSchemaTakesWhatLoads(t *testing.T) {
	s := schema(t)
	for _, pattern := range []string{"*.yaml", "*/*.yaml"} {
		samples, err := filepath.Glob(filepath.Join(root, "config", "samples", pattern))
		require.NoError(t, err)
		require.NotEmpty(t, samples)
		for _, sample := range samples {
			text, err := os.ReadFile(sample)
			require.NoError(t, err)
			require.NoError(t, valid(t, s, text), sample)
		}
	}
	head := "apiVersion: policy.evenkeel.dev/v1alpha1\nkind: RolloutPolicy\n"
	for _, wrong := range []string{
		"kind: RolloutPolicy", head + "rule: []", head + "rules: [{}]", head + "rules: [{name: a, inject: {minReadySeconds: five}}]",
		head + "rules: [{name: a, checks: {pdb: Maybe}}]", head + "rules: [{name: a, checks: {pbd: Warn}}]", head + "rules: [{name: a, checks: {pdb: {limit: 1}}}]",
		head + "rules: [{name: a, inject: {strategy: {maxSurge: '%25', maxUnavailable: 0}}}]", head + "rules: [{name: a, rollout: {settle: 5}}]",
		head + "rules: [{name: a, rollout: {strategy: bluegreen}}]", head + "defaults: {name: a}",
	} {
		assert.Error(t, valid(t, s, []byte(wrong)), wrong)
	}
}
