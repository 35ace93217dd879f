// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"go/ast"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	ours   = regexp.MustCompile(`evenkeel\.dev/[a-z]+(-[a-z]+)*`)
	events = regexp.MustCompile("(?s)\\| Event \\|.*?\n\n")
	line   = regexp.MustCompile(`(?m)^    \S+ +(?:Normal|Warning) +(\w+) +Deployment/\w+ +(.+)$`)
	event  = regexp.MustCompile("`([A-Z][a-z]+[A-Z][A-Za-z]+)`[^|\n]*\\|")
)

// Every annotation and label that a page speaks of is one that the code knows.
func TestAnnotationsOfThePages(t *testing.T) {
	known := map[string]bool{}
	for _, folder := range []string{"policy", "config", "traffic", "traffic/rollout", "traffic/route"} {
		each(sourceOf(t, folder), func(text *ast.BasicLit) {
			for _, name := range ours.FindAllString(text.Value, -1) {
				known[name] = true
			}
		})
	}
	require.True(t, known["evenkeel.dev/override"])
	for _, from := range pages(t) {
		for _, name := range ours.FindAllString(page(t, from), -1) {
			assert.True(t, known[name], "%s: %s", from, name)
		}
	}
}

// Every line of an answer of kubectl events is one that can be told.
func TestEventLinesOfThePages(t *testing.T) {
	var told []*regexp.Regexp
	for _, sentence := range sourceOf(t, "traffic/rollout").put("Message") {
		told = append(told, regexp.MustCompile("^"+strings.ReplaceAll(regexp.QuoteMeta(sentence), gap, ".+")+"$"))
	}
	seen := 0
	for _, from := range pages(t) {
		for _, found := range line.FindAllStringSubmatch(page(t, from), -1) {
			assert.Contains(t, reasons(t), found[1], from)
			assert.True(t, slices.ContainsFunc(told, func(one *regexp.Regexp) bool { return one.MatchString(found[2]) }), "%s: %s", from, found[2])
			seen++
		}
	}
	require.Greater(t, seen, 5)
}

// Every Event in a table of Events is one that is told.
func TestEventsOfThePages(t *testing.T) {
	told, seen := reasons(t), 0
	for _, from := range pages(t) {
		for _, table := range events.FindAllString(page(t, from), -1) {
			for _, found := range event.FindAllStringSubmatch(table, -1) {
				assert.Contains(t, told, found[1], from)
				seen++
			}
		}
	}
	require.Greater(t, seen, 30)
}
