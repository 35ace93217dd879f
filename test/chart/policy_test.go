// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel-dev/evenkeel/config"
)

// Every sample of a policy is a value that the chart takes, and the manager reads.
func TestSamplesAreValues(t *testing.T) {
	samples, err := filepath.Glob("../../config/samples/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, samples)
	for _, sample := range samples {
		text, err := os.ReadFile(sample)
		require.NoError(t, err)
		asJSON, err := yaml.YAMLToJSON(text)
		require.NoError(t, err)
		file := filepath.Join(t.TempDir(), "values.yaml")
		require.NoError(t, os.WriteFile(file, append([]byte(`{"policy":`), append(asJSON, '}')...), 0o600))
		rendered, err := helm(t, "template", "evenkeel", chartDir, "--namespace", namespace, "--values", file)
		require.NoError(t, err, rendered)
		object := find[corev1.ConfigMap](t, parse(t, rendered), "ConfigMap", "evenkeel-policy")
		set, err := config.Load([]byte(object.Data[config.PolicyKey]))
		require.NoError(t, err, sample)
		want, err := config.Load(text)
		require.NoError(t, err)
		assert.Equal(t, want.Default.Analyses, set.Default.Analyses, sample)
	}
}
