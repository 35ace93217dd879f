// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

var (
	control = regexp.MustCompile(`(?m)^\s*\{\{-? .*\}\}$|(?s)^\{\{- /\*.*?\*/ -\}\}`)
	filling = strings.NewReplacer(
		`{{ include "evenkeel.name" . }}`, "evenkeel", `{{ include "evenkeel.clusterName" . }}`, "evenkeel-evenkeel-system",
		`{{- include "evenkeel.labels" . | nindent 4 }}`, "", `{{ .Release.Namespace }}`, "evenkeel-system",
	)
	// valued is a list of names that the chart's values give.
	valued = regexp.MustCompile(`\{\{[^}]*\}\}`)
	right  = regexp.MustCompile("(?m)^\\| ((?:`[^`]+`(?:, )?)+) \\| `([a-z ]+)` \\|")
	word   = regexp.MustCompile("`([^`]+)`")
)

// roleOf reads a role out of a template of the chart, with all that is there
// only by a value.
func roleOf(t *testing.T, template, kind, name string) rbacv1.ClusterRole {
	t.Helper()
	text := valued.ReplaceAllString(control.ReplaceAllString(filling.Replace(page(t, template)), ""), "["+gap+"]")
	for document := range strings.SplitSeq(text, "\n---\n") {
		var role rbacv1.ClusterRole
		require.NoError(t, yaml.Unmarshal([]byte(document), &role), document)
		if role.Kind == kind && role.Name == name {
			return role
		}
	}
	require.Fail(t, "there is no such role", "%s/%s in %s", kind, name, template)
	return rbacv1.ClusterRole{}
}

// rights spells a role out, one line a resource: "group/resource name: verbs".
func rights(role rbacv1.ClusterRole) []string {
	var out []string
	for _, rule := range role.Rules {
		for _, resource := range rule.Resources {
			line := strings.TrimPrefix(rule.APIGroups[0]+"/"+resource, "/")
			out = append(out, strings.Join(append([]string{line}, rule.ResourceNames...), " ")+": "+strings.Join(rule.Verbs, " "))
		}
	}
	return set(out)
}

// The page of security has every right of the chart, and no other.
func TestThePageOfSecurity(t *testing.T) {
	text := page(t, "docs/security.md")
	for _, row := range []struct{ heading, template, kind, name string }{
		{"Rights in the whole cluster", "rbac.yaml", "ClusterRole", "evenkeel-evenkeel-system"},
		{"Rights in its own namespace", "rbac.yaml", "Role", "evenkeel"},
		{"Rights of the Job before an uninstall", "uninstall.yaml", "ClusterRole", "evenkeel-evenkeel-system-restore"},
	} {
		var told []string
		for _, found := range right.FindAllStringSubmatch(section(t, text, row.heading), -1) {
			for _, one := range word.FindAllStringSubmatch(found[1], -1) {
				told = append(told, one[1]+": "+found[2])
			}
		}
		want := rights(roleOf(t, "charts/evenkeel/templates/"+row.template, row.kind, row.name))
		require.NotEmpty(t, want, row.heading)
		assert.Equal(t, want, set(told), row.heading)
	}
}

var testFile = regexp.MustCompile("`([a-z0-9_/]+_test\\.go)`")

// Every test that a page names is there.
func TestTestsOfThePages(t *testing.T) {
	var seen []string
	for _, from := range pages(t) {
		for _, found := range testFile.FindAllStringSubmatch(page(t, from), -1) {
			assert.FileExists(t, root+"/"+found[1], from)
			seen = append(seen, found[1])
		}
	}
	require.True(t, slices.Contains(seen, "test/e2e/restore_test.go"))
}
