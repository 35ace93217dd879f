// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// scrape is what all managers show on /metrics, as Prometheus would see it.
type scrape map[string]*dto.MetricFamily

// scraped asks each manager; series of all stand side by side.
func scraped(t *testing.T) scrape {
	t.Helper()
	out := scrape{}
	client := http.Client{Timeout: 5 * time.Second}
	addresses := fixture.Read(t, "kubectl", "-n", fixture.System, "get", "pods", "-l", "app.kubernetes.io/name=evenkeel", "-o", "jsonpath={range .items[*]}{.status.podIP} {end}")
	for address := range strings.FieldsSeq(addresses) {
		response, err := client.Get("http://" + address + ":8080/metrics")
		if err != nil {
			continue // it ends, or was started without
		}
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusOK, response.StatusCode)
		text := expfmt.NewTextParser(model.UTF8Validation)
		families, err := text.TextToMetricFamilies(strings.NewReader(string(body)))
		require.NoError(t, err)
		for name, family := range families {
			if before, there := out[name]; there {
				family.Metric = append(family.Metric, before.Metric...)
			}
			out[name] = family
		}
	}
	require.NotEmpty(t, out, "no manager shows its metrics")
	return out
}

// sum adds up the series of a name that have the labels; of histograms and
// summaries their counts.
func (s scrape) sum(name string, labels map[string]string) (total float64) {
	for _, one := range s[name].GetMetric() {
		has := map[string]string{}
		for _, label := range one.GetLabel() {
			has[label.GetName()] = label.GetValue()
		}
		fits := true
		for name, value := range labels {
			fits = fits && has[name] == value
		}
		if fits {
			total += one.GetGauge().GetValue() + one.GetCounter().GetValue() + float64(one.GetHistogram().GetSampleCount()+one.GetSummary().GetSampleCount())
		}
	}
	return total
}

// labels are those that the series of a name have.
func (s scrape) labels(name string) []string {
	names := map[string]bool{}
	for _, one := range s[name].GetMetric() {
		for _, label := range one.GetLabel() {
			names[label.GetName()] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

var metricRow = regexp.MustCompile("(?m)^\\| `(evenkeel_[a-z_]+)` \\| ([a-z]+) \\| (.*?) ?\\| ")

// asDocumented compares what is shown with docs/metrics.md. One that has counted
// nothing yet need not be there.
func (s scrape) asDocumented(t *testing.T) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(fixture.Root(), "docs", "metrics.md"))
	require.NoError(t, err)
	rows, seen := map[string][]string{}, 0
	for _, row := range metricRow.FindAllStringSubmatch(string(page), -1) {
		rows[row[1]] = row[2:]
	}
	for name, family := range s {
		if !strings.HasPrefix(name, "evenkeel_") {
			continue
		}
		seen++
		row, there := rows[name]
		if assert.True(t, there, "docs/metrics.md has no row for %s", name) {
			assert.Equal(t, row[0], strings.ToLower(family.GetType().String()), name)
			want := strings.FieldsFunc(row[1], func(r rune) bool { return strings.ContainsRune("`, ", r) })
			assert.ElementsMatch(t, want, s.labels(name), name)
		}
	}
	assert.GreaterOrEqual(t, seen, 20)
}

// expression finds those of rules and of panels.
var expression = regexp.MustCompile(`(?m)^\s+expr: (?:>-\n((?:\s{6,}.+\n)+)|(.+)$)|"expr": ("(?:[^"\\]|\\.)*")`)

// asAsked looks for the metrics of libraries, and their labels, that the chart's
// rules and panels ask for: what Evenkeel has of its own the unit tests know.
func (s scrape) asAsked(t *testing.T) {
	t.Helper()
	foreign := map[string]bool{}
	for _, name := range []string{"alerts.yaml", "dashboard.json"} {
		text, err := os.ReadFile(filepath.Join(fixture.Root(), "charts", "evenkeel", "files", name))
		require.NoError(t, err)
		for _, found := range expression.FindAllStringSubmatch(string(text), -1) {
			expr := found[1] + found[2] + strings.ReplaceAll(strings.Trim(found[3], `"`), `\"`, `"`)
			parsed, err := parser.NewParser(parser.Options{}).ParseExpr(strings.ReplaceAll(expr, "$__rate_interval", "5m"))
			require.NoError(t, err, expr)
			parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
				one, is := node.(*parser.VectorSelector)
				if !is || strings.HasPrefix(one.Name, "evenkeel_") {
					return nil
				}
				foreign[one.Name] = true
				assert.Contains(t, s, one.Name)
				for _, matcher := range one.LabelMatchers {
					if matcher.Name != model.MetricNameLabel && matcher.Name != model.JobLabel && matcher.Name != model.InstanceLabel {
						assert.Contains(t, s.labels(one.Name), matcher.Name, one.Name)
					}
				}
				return nil
			})
		}
	}
	assert.Contains(t, foreign, "leader_election_master_status")
	assert.Contains(t, foreign, "process_resident_memory_bytes")
}

// A real manager shows what the page says and what rules and panels ask for, and
// its values move with a release.
func TestMetricsOfAManager(t *testing.T) {
	fixture.InstallWith(t, "metrics: {enabled: true}\n")
	app := fixture.NewApp(t, "50%:pause,100%")
	app.Up()
	labels := func(pairs ...string) map[string]string {
		out := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			out[pairs[i]] = pairs[i+1]
		}
		return out
	}
	before := scraped(t)
	app.Apply(app.Manifest("v2"))
	waitForAPerson(app, 50)
	for name, of := range map[string]map[string]string{
		"evenkeel_rollouts_waiting":   labels("reason", "person"),
		"evenkeel_rollouts_by_weight": labels("percent", "26-50"),
		"evenkeel_rollouts_in_flight": labels("strategy", "canary", "phase", "Stepping", "stage", "dwell"),
	} {
		require.Eventually(t, func() bool { return scraped(t).sum(name, of) == 1 }, 20*time.Second, 500*time.Millisecond, name)
	}
	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=continue")
	app.WaitForPhase(rollout.Completed)

	var after scrape
	completed := labels("strategy", "canary", "result", "Completed")
	require.Eventually(t, func() bool {
		after = scraped(t)
		return after.sum("evenkeel_rollouts_total", completed) == before.sum("evenkeel_rollouts_total", completed)+1
	}, 20*time.Second, 500*time.Millisecond, "the end is counted once")
	assert.Zero(t, after.sum("evenkeel_rollouts_waiting", labels("reason", "person")))
	for name, of := range map[string]map[string]string{
		"evenkeel_admission_reviews_total":           labels("path", "/mutate/deployments", "verdict", "allowed"),
		"evenkeel_admission_review_duration_seconds": labels("path", "/mutate/deployments"),
		"evenkeel_check_duration_seconds":            labels("check", "max-unavailable"),
		"evenkeel_ledger_records_total":              labels("result", "written"),
	} {
		assert.Greater(t, after.sum(name, of), before.sum(name, of), name)
	}
	for _, one := range after["evenkeel_certificate_expiry_timestamp_seconds"].GetMetric() {
		assert.Greater(t, one.GetGauge().GetValue(), float64(time.Now().Unix()), one.GetLabel())
	}
	assert.Equal(t, []string{"which"}, after.labels("evenkeel_certificate_expiry_timestamp_seconds"))
	version := fixture.Read(t, "kubectl", "-n", fixture.System, "get", "configmap", "evenkeel-policy", "-o", "jsonpath={.metadata.resourceVersion}")
	assert.Positive(t, after.sum("evenkeel_policy_loaded", labels("resource_version", version)), "the policy in force is the one that was installed")
	assert.Equal(t, 1.0, after.sum("leader_election_master_status", labels("name", "evenkeel")), "one leads")
	after.asDocumented(t)
	after.asAsked(t)
}
