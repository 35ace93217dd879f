// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

func file(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{"..", "..", ".."}, path...)...))
	require.NoError(t, err)
	return string(text)
}

// All can be registered together, once.
func TestRegister(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	counts, err := Register(registry, Of{Version: "v1.2.3"})
	require.NoError(t, err)
	assert.NotNil(t, counts.Admission)
	assert.NotNil(t, counts.Rollouts)
	assert.NotNil(t, counts.Notifications)
	assert.NotNil(t, counts.Ledger)
	count, err := testutil.GatherAndCount(registry, "evenkeel_build_info", "evenkeel_rollouts_waiting", "evenkeel_policy_loads_total")
	require.NoError(t, err)
	assert.Equal(t, 1+len(rollout.WaitKinds())+4, count)
	_, err = Register(registry, Of{Version: "v1.2.3"})
	assert.ErrorContains(t, err, "cannot register the version's metric")
}

// promtool would say the same: names and units as Prometheus' own habits have them.
func TestNamesOfMetrics(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	_, err := Register(registry, Of{})
	require.NoError(t, err)
	problems, err := testutil.GatherAndLint(registry)
	require.NoError(t, err)
	assert.Empty(t, problems)
	for name, one := range exposed(t) {
		assert.True(t, strings.HasPrefix(name, "evenkeel_"), name)
		for _, label := range one.labels {
			assert.NotContains(t, []string{"namespace", "name", "deployment", "workload", "object", "user", "message"}, label, "%s: names of objects are without bound", name)
		}
	}
}

var rows = regexp.MustCompile("(?m)^\\| `(evenkeel_[a-z_]+)` \\| ([a-z]+) \\| (.*?) ?\\| ")

// The page has a row for every metric, with its type and labels, and no other.
func TestThePageOfMetrics(t *testing.T) {
	page := map[string]metric{}
	for _, row := range rows.FindAllStringSubmatch(file(t, "docs", "metrics.md"), -1) {
		labels := strings.FieldsFunc(row[3], func(r rune) bool { return strings.ContainsRune("`, ", r) })
		slices.Sort(labels)
		page[row[1]] = metric{kind: row[2], labels: labels}
	}
	all := exposed(t)
	for name, want := range all {
		row, there := page[name]
		if assert.True(t, there, "docs/metrics.md has no row for %s", name) {
			assert.Equal(t, want.kind, row.kind, name)
			assert.ElementsMatch(t, want.labels, row.labels, name)
		}
	}
	for name := range page {
		assert.Contains(t, all, name, "docs/metrics.md has a row too many")
	}
}

// The page has a row for every reason of a wait.
func TestThePageOfReasons(t *testing.T) {
	_, below, found := strings.Cut(file(t, "docs", "metrics.md"), "\n## Reasons\n")
	require.True(t, found)
	below, _, _ = strings.Cut(below, "\n## ")
	for _, kind := range rollout.WaitKinds() {
		assert.Contains(t, below, "\n| `"+string(kind)+"` |")
	}
	assert.Equal(t, len(rollout.WaitKinds()), strings.Count(below, "\n| `"))
}

var quoted = regexp.MustCompile(`"(evenkeel_[a-z_]+)"`)

// Nothing is exposed past Register, where the tests here would not see it.
func TestEveryMetricIsRegisteredHere(t *testing.T) {
	all, seen := exposed(t), map[string]bool{}
	for _, folder := range []string{"cmd", "config", "policy", "traffic", "webhook"} {
		err := filepath.WalkDir(filepath.Join("..", "..", "..", folder), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, found := range quoted.FindAllStringSubmatch(string(text), -1) {
				seen[found[1]] = true
				assert.Contains(t, all, found[1], "%s: register it in cmd/evenkeel/measure", path)
			}
			return err
		})
		require.NoError(t, err)
	}
	assert.Len(t, seen, len(all))
}
