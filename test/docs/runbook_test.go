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
)

// reasons are those of all Events that are told.
func reasons(t *testing.T) []string {
	t.Helper()
	return set(sourceOf(t, "traffic/rollout").put("Reason"), sourceOf(t, "webhook/audit").passed("event", 2), sourceOf(t, "config").passed("Eventf", 3), sourceOf(t, "traffic").put("Reason"),
		sourceOf(t, "traffic/archive").passed("Eventf", 3), sourceOf(t, "traffic/guard").passed("Eventf", 3), sourceOf(t, "webhook/workload").passed("Eventf", 3))
}

// The runbook knows every Event, wait and refused word that the code has, and no other.
func TestTheRunbook(t *testing.T) {
	text, code := page(t, "docs/runbook.md"), sourceOf(t, "traffic/rollout")
	var words []string
	for _, sentence := range set(code.returned(code.funcs["Act"]), code.returned(code.funcs["Again"])) {
		first, _, _ := strings.Cut(sentence, "\n")
		words = append(words, first)
	}
	for heading, want := range map[string][]string{
		"Events": reasons(t), "A rollout that waits": waits(t), "Continue, skip, retry, pause": set(words),
	} {
		require.NotEmpty(t, want, heading)
		assert.Equal(t, want, named(t, text, heading), heading)
	}
	for _, message := range code.put("Message") {
		assert.Contains(t, section(t, text, "Events"), "`"+message+"`")
	}
}

// Every refusal begins as a row says, and every row is the beginning of one.
func TestTheRunbookKnowsRefusals(t *testing.T) {
	code := sourceOf(t, "webhook", "webhook/workload", "webhook/batches")
	var said []string
	for _, sentence := range set(code.put("Denied"), code.returned(code.funcs["rolledBack"])) {
		if own := strings.TrimPrefix(sentence, "evenkeel: "); own != gap {
			said = append(said, own)
		}
	}
	rows := named(t, page(t, "docs/runbook.md"), "A denied apply")
	require.Contains(t, rows, "this template was rolled back at …")
	for _, one := range said {
		assert.True(t, slices.ContainsFunc(rows, func(row string) bool { return strings.HasPrefix(one, row) }), "no row for %q", one)
	}
	for _, row := range rows {
		assert.True(t, slices.ContainsFunc(said, func(one string) bool { return strings.HasPrefix(one, row) }), "nobody says %q", row)
	}
}

var webhook = regexp.MustCompile(`(?m)^- name: (\S*\.evenkeel\.dev|\{\{ \$(?:route\.)?resource \}\}\S*)$`)

// The webhooks are those of the chart.
func TestTheRunbookKnowsTheWebhooks(t *testing.T) {
	var want []string
	for _, found := range webhook.FindAllStringSubmatch(page(t, "charts/evenkeel/templates/webhooks.yaml"), -1) {
		for _, resource := range []string{"httproutes", "grpcroutes", "ingresses"} {
			want = append(want, strings.ReplaceAll(found[1], "{{ $route.resource }}", resource))
		}
		for _, resource := range []string{"statefulsets", "daemonsets"} {
			want = append(want, strings.ReplaceAll(found[1], "{{ $resource }}", resource))
		}
	}
	want = slices.DeleteFunc(want, func(name string) bool { return strings.Contains(name, "$") })
	require.Len(t, set(want), 14)
	rows := slices.DeleteFunc(named(t, page(t, "docs/runbook.md"), "No manager answers"), func(row string) bool { return !strings.HasSuffix(row, ".evenkeel.dev") })
	assert.Equal(t, set(want), rows)
}

// What restore prints stands in the runbook to the letter.
func TestTheRunbookKnowsRestore(t *testing.T) {
	rows, code := named(t, page(t, "docs/runbook.md"), "Uninstalling and restoring"), sourceOf(t, "cmd/command")
	said := strings.Join(set(code.passed("Fprintln", 1), code.passed("Fprintf", 1), code.passed("Errorf", 0), sourceOf(t, "traffic").passed("Errorf", 0)), "\n")
	for _, row := range rows {
		head, _, _ := strings.Cut(row, " Deployment shop/demo")
		head, _, _ = strings.Cut(head, " 5m0s")
		head, _, _ = strings.Cut(head, ` "evenkeel-`)
		assert.Contains(t, said, head)
	}
}
