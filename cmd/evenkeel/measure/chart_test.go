// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// alert is a rule as Prometheus reads it.
type alert struct {
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         string            `json:"for"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

func alerts(t *testing.T) []alert {
	t.Helper()
	var rules struct {
		Groups []struct {
			Name  string  `json:"name"`
			Rules []alert `json:"rules"`
		} `json:"groups"`
	}
	require.NoError(t, yaml.UnmarshalStrict([]byte(file(t, "charts", "evenkeel", "files", "alerts.yaml")), &rules))
	require.Len(t, rules.Groups, 1)
	require.Greater(t, len(rules.Groups[0].Rules), 8)
	return rules.Groups[0].Rules
}

// foreign are the metrics of libraries that the chart asks for.
var foreign = map[string]metric{
	"leader_election_master_status":             {kind: "gauge", labels: []string{"name"}},
	"process_resident_memory_bytes":             {kind: "gauge"},
	"process_cpu_seconds_total":                 {kind: "counter"},
	"controller_runtime_reconcile_errors_total": {kind: "counter", labels: []string{"controller"}},
}

// scraped are the labels that Prometheus gives.
var scraped = []string{"job", "instance"}

// asks looks at every metric and label that an expression asks for, and gives the
// labels of what comes out.
func asks(t *testing.T, all map[string]metric, text string) (labels []string) {
	t.Helper()
	text = strings.ReplaceAll(text, "$__rate_interval", "5m")
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(text)
	require.NoError(t, err, text)
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		switch one := node.(type) {
		case *parser.VectorSelector:
			known := labelsOf(t, all, one.Name)
			for _, matcher := range one.LabelMatchers {
				assert.True(t, matcher.Name == "__name__" || slices.Contains(known, matcher.Name), "%s has no label %s: %s", one.Name, matcher.Name, text)
			}
		case *parser.AggregateExpr:
			for _, label := range one.Grouping {
				assert.Contains(t, labelsBelow(t, all, one), label, text)
			}
			labels = append(labels, one.Grouping...)
		}
		return nil
	})
	if len(labels) == 0 {
		labels = labelsBelow(t, all, expr)
	}
	return labels
}

func labelsBelow(t *testing.T, all map[string]metric, expr parser.Node) []string {
	t.Helper()
	var labels []string
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if selector, is := node.(*parser.VectorSelector); is {
			labels = append(labels, labelsOf(t, all, selector.Name)...)
		}
		return nil
	})
	return labels
}

// labelsOf are the labels of a series, of a histogram's parts, too.
func labelsOf(t *testing.T, all map[string]metric, name string) []string {
	t.Helper()
	if one, is := foreign[name]; is {
		return append(slices.Clone(scraped), one.labels...)
	}
	base := name
	for _, part := range []string{"_bucket", "_sum", "_count"} {
		if cut, is := strings.CutSuffix(name, part); is && inParts(all[cut]) && (part != "_bucket" || all[cut].kind == "histogram") {
			base = cut
		}
	}
	one, known := all[base]
	require.True(t, known, "nobody exposes %s", name)
	require.Equal(t, inParts(one), base != name, "it is asked for by its parts: %s", name)
	labels := append(slices.Clone(scraped), one.labels...)
	if strings.HasSuffix(name, "_bucket") {
		labels = append(labels, "le")
	}
	return labels
}

// inParts tells what is exposed as a sum and a count.
func inParts(one metric) bool { return one.kind == "histogram" || one.kind == "summary" }

var (
	shown   = regexp.MustCompile(`\$labels\.([a-z_]+)`)
	legend  = regexp.MustCompile(`\{\{([a-z_]+)\}\}`)
	heading = regexp.MustCompile(`(?m)^## (.+)$`)
)

// Every alert asks for what there is, says what it means, and leads to a heading
// of the runbook.
func TestAlerts(t *testing.T) {
	all, runbook, names := exposed(t), file(t, "docs", "runbook.md"), []string{}
	for _, rule := range alerts(t) {
		names = append(names, rule.Alert)
		labels := asks(t, all, rule.Expr)
		for _, found := range shown.FindAllStringSubmatch(rule.Annotations["summary"]+rule.Annotations["description"], -1) {
			assert.Contains(t, labels, found[1], rule.Alert)
		}
		assert.Contains(t, []string{"critical", "warning", "info"}, rule.Labels["severity"], rule.Alert)
		assert.NotEmpty(t, rule.Annotations["summary"], rule.Alert)
		assert.NotEmpty(t, rule.Annotations["description"], rule.Alert)
		if rule.For != "" {
			_, err := time.ParseDuration(rule.For)
			assert.NoError(t, err, rule.Alert)
		}
		_, anchor, found := strings.Cut(rule.Annotations["runbook_url"], "/blob/main/docs/runbook.md#")
		require.True(t, found, rule.Alert)
		assert.Contains(t, anchors(runbook), anchor, rule.Alert)
	}
	_, below, found := strings.Cut(runbook, "\n## Alerts\n")
	require.True(t, found)
	below, _, _ = strings.Cut(below, "\n## ")
	var rows []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(Evenkeel[A-Za-z]+)` \\|").FindAllStringSubmatch(below, -1) {
		rows = append(rows, row[1])
	}
	assert.ElementsMatch(t, names, rows, "docs/runbook.md has a row for each alert")
}

// anchors are the names under which the headings of a page are linked to.
func anchors(text string) []string {
	var out []string
	for _, found := range heading.FindAllStringSubmatch(text, -1) {
		out = append(out, strings.ReplaceAll(strings.ToLower(found[1]), " ", "-"))
	}
	return out
}

// dashboard is as much of Grafana's format as a reader sees.
type dashboard struct {
	Panels []struct {
		ID          int
		Type, Title string
		Description string
		GridPos     struct{ X, Y, W, H int }
		FieldConfig struct{ Defaults struct{ Unit string } }
		Targets     []struct{ RefID, Expr, LegendFormat string }
	}
}

// Every panel asks for what there is, and says what it shows, in which unit; none
// lies over another, and none needs a plugin.
func TestDashboard(t *testing.T) {
	var board dashboard
	require.NoError(t, json.Unmarshal([]byte(file(t, "charts", "evenkeel", "files", "dashboard.json")), &board))
	require.Greater(t, len(board.Panels), 10)
	all, taken, ids := exposed(t), map[[2]int]string{}, map[int]bool{}
	for _, panel := range board.Panels {
		assert.False(t, ids[panel.ID], "%s has the id of another", panel.Title)
		ids[panel.ID] = true
		assert.NotEmpty(t, panel.Title)
		assert.Contains(t, []string{"stat", "timeseries", "row"}, panel.Type)
		at := panel.GridPos
		assert.LessOrEqual(t, at.X+at.W, 24, panel.Title)
		for x := at.X; x < at.X+at.W; x++ {
			for y := at.Y; y < at.Y+at.H; y++ {
				assert.Empty(t, taken[[2]int{x, y}], panel.Title)
				taken[[2]int{x, y}] = panel.Title
			}
		}
		if panel.Type == "row" {
			continue
		}
		assert.NotEmpty(t, panel.Description, panel.Title)
		assert.NotEmpty(t, panel.FieldConfig.Defaults.Unit, panel.Title)
		require.NotEmpty(t, panel.Targets, panel.Title)
		for _, target := range panel.Targets {
			labels := asks(t, all, target.Expr)
			for _, found := range legend.FindAllStringSubmatch(target.LegendFormat, -1) {
				assert.Contains(t, labels, found[1], panel.Title)
			}
		}
	}
}
