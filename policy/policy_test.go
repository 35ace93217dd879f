// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/labels"
)

func selector(t *testing.T, text string) labels.Selector {
	t.Helper()
	s, err := labels.Parse(text)
	require.NoError(t, err)
	return s
}

func TestTheFirstRuleThatMatchesApplies(t *testing.T) {
	set := Default()
	for _, rule := range []struct {
		name  string
		match Match
	}{
		{"named", Match{Namespaces: []string{"pay", "shop-*"}, ObjectSelector: selector(t, "tier=web")}},
		{"labelled", Match{NamespaceSelector: selector(t, "env in (prod)")}},
		{"late", Match{Namespaces: []string{"shop-eu"}}},
	} {
		p := set.Default
		p.Rule = rule.name
		set.Rules = append(set.Rules, Rule{Match: rule.match, Policy: p})
	}
	web, prod := map[string]string{"tier": "web"}, map[string]string{"env": "prod"}
	for _, row := range []struct {
		namespace       string
		namespaced, own map[string]string
		rule            string
	}{
		{"shop-eu", prod, web, "named"},
		{"pay", nil, web, "named"},
		{"payroll", nil, web, "default"},
		{"shop-eu", prod, nil, "labelled"},
		{"shop-eu", nil, nil, "late"},
		{"other", nil, nil, "default"},
	} {
		assert.Equal(t, row.rule, set.Resolve(row.namespace, row.namespaced, row.own).Rule, "%+v", row)
	}
	set.Rules = append([]Rule{{Policy: Policy{Rule: "all"}}}, set.Rules...)
	assert.Equal(t, "all", set.Resolve("other", nil, nil).Rule, "what is left out selects all")
}

func TestAnnotationsWinOverThePolicy(t *testing.T) {
	p := Default().Default
	assert.Equal(t, p, p.WithAnnotations(nil))
	q := p.WithAnnotations(map[string]string{StrategyAnnotation: "canary", StepsAnnotation: ""})
	assert.Equal(t, "canary", q.Rollout.Strategy)
	assert.Empty(t, q.Rollout.Steps, "a broken value is kept for the check to tell")
	assert.Equal(t, StrategyRolling, p.Rollout.Strategy)

	byPolicy := p
	byPolicy.Rollout.Strategy = StrategyCanary
	for _, row := range []struct {
		policy      Policy
		annotations map[string]string
		byRoute     bool
	}{
		{p, map[string]string{StrategyAnnotation: StrategyCanary}, true},
		{p, map[string]string{StrategyAnnotation: StrategyBlueGreen}, false},
		{p, map[string]string{StrategyAnnotation: StrategyBlueGreen, MatchAnnotation: "host:a.b"}, true},
		{byPolicy, nil, false},
		{byPolicy, map[string]string{RouteAnnotation: "demo"}, true},
	} {
		assert.Equal(t, row.byRoute, row.policy.WithAnnotations(row.annotations).Rollout.ByRoute, row.annotations)
	}
}

func TestDenialsAreOneALine(t *testing.T) {
	plan := Plan{Violations: []Violation{{Check: "a", Message: "one", Action: Warn}, {Check: "b", Message: "two", Action: Enforce}, {Check: "c", Message: "three", Action: Audit}, {Check: "d", Message: "four", Action: Enforce}}}
	message, denied := plan.Denied()
	assert.True(t, denied)
	assert.Equal(t, "evenkeel: b: two\nevenkeel: d: four", message)
	_, denied = Plan{Violations: plan.Violations[:1]}.Denied()
	assert.False(t, denied)
}

func TestTheRecordIsReadAsItIsWritten(t *testing.T) {
	for _, record := range []Injected{
		{},
		{Rule: "r", Fields: []string{"minReadySeconds", "strategy"}, VersionLabel: "app.kubernetes.io/version", Readiness: []string{"app"}},
	} {
		read, err := ParseInjected(record.String())
		require.NoError(t, err)
		assert.Equal(t, record, read)
	}
	assert.Empty(t, Injected{Rule: "r"}.String(), "a rule alone injected nothing")
	for text, says := range map[string]string{
		"{":                      "cannot read annotation evenkeel.dev/injected: unexpected end of JSON input",
		strings.Repeat(" ", 1e5): "cannot read annotation evenkeel.dev/injected: 100000 bytes are more than 16384",
		`{"fields":"strategy"}`:  "cannot read annotation evenkeel.dev/injected: json: cannot unmarshal string",
	} {
		record, err := ParseInjected(text)
		require.ErrorContains(t, err, says)
		assert.Equal(t, Injected{}, record)
	}
}

func FuzzInjected(f *testing.F) {
	f.Add(`{"rule":"a","fields":["strategy"],"readiness":["app"]}`)
	f.Fuzz(func(t *testing.T, text string) {
		record, err := ParseInjected(text)
		if err != nil || record.Empty() {
			return
		}
		again, err := ParseInjected(record.String())
		require.NoError(t, err)
		require.Equal(t, record.String(), again.String())
	})
}
