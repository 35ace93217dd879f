// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/template"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// What promtool checks: the file is one of Prometheus' rules, strictly, with
// expressions and templates that can be read.
func TestPrometheusTakesTheRules(t *testing.T) {
	text := file(t, "charts", "evenkeel", "files", "alerts.yaml")
	parse := func(text string) (*rulefmt.RuleGroups, []error) {
		return rulefmt.Parse([]byte(text), false, model.LegacyValidation, parser.NewParser(parser.Options{}))
	}
	groups, errs := parse(text)
	require.Empty(t, errs)
	require.Len(t, groups.Groups, 1)
	assert.Len(t, groups.Groups[0].Rules, len(alerts(t)))
	for broken, by := range map[string]string{"severity:": "sever-ity:", "{{ $labels.path }}": "{{ $labels.path }", "for: 5m": "for: five", "summary:": "summry-:", "  - alert:": "  - colour: red\n    alert:"} {
		_, errs := parse(strings.Replace(text, broken, by, 1))
		assert.NotEmpty(t, errs, "%s: this test finds nothing", by)
	}
}

// told executes an alert's templates with what fires, as Prometheus does.
func told(t *testing.T, rule alert, fires promql.Sample) (texts []string) {
	t.Helper()
	data := template.AlertTemplateData(fires.Metric.Map(), nil, "", fires)
	const head = "{{$labels := .Labels}}{{$value := .Value}}"
	for _, name := range slices.Sorted(maps.Keys(rule.Annotations)) {
		text, err := template.NewTemplateExpander(t.Context(), head+rule.Annotations[name], rule.Alert, data, model.Time(time.Hour.Milliseconds()), nil, &url.URL{}, nil).Expand()
		require.NoError(t, err, rule.Alert)
		texts = append(texts, text)
	}
	return texts
}

// Whatever a rollout waits for that may last too long has an alert.
func TestEveryWaitHasAnAlert(t *testing.T) {
	var asked strings.Builder
	for _, rule := range alerts(t) {
		asked.WriteString(rule.Expr + "\n")
	}
	words := strings.FieldsFunc(asked.String(), func(r rune) bool { return strings.ContainsRune(`"|{}`, r) })
	for _, kind := range rollout.WaitKinds() {
		alone := kind == rollout.WaitTime || kind == rollout.WaitClosed // they end by the clock, or with another release
		assert.Equal(t, !alone, slices.Contains(words, string(kind)), kind)
	}
}
