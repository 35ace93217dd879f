// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel-dev/evenkeel/policy"
)

var update = flag.Bool("update", false, "write the messages of testdata/*/fail.txt anew")

func fixture(t *testing.T, check, name string) *appsv1.Deployment {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", check, name))
	require.NoError(t, err)
	d := &appsv1.Deployment{}
	require.NoError(t, yaml.UnmarshalStrict(text, d))
	return d
}

// Every check has one manifest that it refuses, with the very words, and one
// that it lets pass.
func TestEveryCheckHasItsFixtures(t *testing.T) {
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			passing := reviewed(nil, fixture(t, c.name, "pass.yaml"))
			assert.Empty(t, passing.Violations)

			failing := reviewed(nil, fixture(t, c.name, "fail.yaml"))
			require.NotEmpty(t, failing.Violations)
			assert.Equal(t, c.name, failing.Violations[0].Check)
			message, denied := failing.Denied()
			assert.True(t, denied)
			file := filepath.Join("testdata", c.name, "fail.txt")
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(message+"\n"), 0o600))
			}
			says, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Equal(t, string(says), message+"\n")
		})
	}
}

func TestEveryCheckIsKnownToThePolicy(t *testing.T) {
	names := make([]string, len(checks))
	for i, c := range checks {
		names[i] = c.name
	}
	assert.ElementsMatch(t, policy.CheckNames(), names)
	folders, err := filepath.Glob("testdata/*/fail.yaml")
	require.NoError(t, err)
	assert.Len(t, folders, len(names), "no fixture without a check")
}

// Every check has a page that says what it is, why, an example, and the fix.
func TestEveryCheckHasItsPage(t *testing.T) {
	for _, c := range checks {
		page, err := os.ReadFile(filepath.Join("..", "..", "docs", "checks", c.name+".md"))
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(string(page), "# "+c.name+"\n"), c.name)
		for _, part := range []string{"## Why", "## Refused", "## Fix", "checks: {" + c.name + ": Warn}"} {
			assert.Contains(t, string(page), part, c.name)
		}
	}
}

// The line that a refusal says to write is one that no check refuses.
func TestTheFixThatIsShownIsOne(t *testing.T) {
	for _, check := range []string{"zero-progress", "floor-zero", "max-unavailable"} {
		d := fixture(t, check, "fail.yaml")
		message, _ := reviewed(nil, d).Denied()
		_, fix, _ := strings.Cut(message, "Write:\n")
		fix, _, _ = strings.Cut(fix, "\n")
		spec := appsv1.DeploymentSpec{}
		require.NoError(t, yaml.UnmarshalStrict([]byte(fix), &spec), fix)
		d.Spec.Strategy = spec.Strategy
		assert.Empty(t, reviewed(nil, d).Violations, fix)
	}
}

func TestActionsOfThePolicy(t *testing.T) {
	for action, want := range map[policy.Action]struct{ violations, warnings int }{
		policy.Enforce: {1, 0}, policy.Warn: {1, 1}, policy.Audit: {1, 0}, policy.Off: {0, 0},
	} {
		p := policy.Default().Default
		p.Checks.Actions = map[string]policy.Action{"max-unavailable": action}
		plan := Review(policy.Subject{New: deployment(numbers(10, "1", "75%"), note("inject", "none")), Policy: p})
		assert.Len(t, plan.Violations, want.violations, action)
		assert.Len(t, plan.Warnings, want.warnings, action)
		_, denied := plan.Denied()
		assert.Equal(t, action == policy.Enforce, denied, action)
	}
}
