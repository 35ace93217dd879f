// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestColoursBecomeSpans(t *testing.T) {
	for text, want := range map[string]string{
		"plain <b>":                          "plain &lt;b&gt;",
		"\x1b[1mhead\x1b[m rest":             `<span class="b">head</span> rest`,
		"\x1b[1;33mtwo\x1b[0m":               `<span class="b c33">two</span>`,
		"\x1b[2m░\x1b[m\n\x1b[36m█\x1b[m 5%": "<span class=\"f\">░</span>\n<span class=\"c36\">█</span> 5%",
	} {
		assert.Equal(t, want, marked(text))
	}
}

// Every screen that is taken is there, fits its terminal, and has no colour that
// the page does not know.
func TestTheScreensFit(t *testing.T) {
	known := regexp.MustCompile(`class="(b|f|c31|c32|c33|c36)( (b|f|c31|c32|c33|c36))*"`)
	for _, one := range shots {
		text, err := os.ReadFile(filepath.Join("..", "..", screens, one.name+".txt"))
		require.NoError(t, err)
		for line := range strings.Lines(graphic.ReplaceAllString(string(text), "")) {
			assert.LessOrEqual(t, utf8.RuneCountInString(strings.TrimRight(line, "\n")), one.columns, "%s: %s", one.name, line)
		}
		page := marked(string(text))
		assert.Equal(t, strings.Count(page, "class="), len(known.FindAllString(page, -1)), one.name)
		assert.NotContains(t, page, "\x1b", one.name)
	}
}
