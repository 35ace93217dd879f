// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAViolationInOneLine(t *testing.T) {
	long := strings.Repeat("long ", 44)
	for name, row := range map[string]struct{ message, line string }{
		"no fix":                      {"it is odd", "c: it is odd"},
		"a fix that fits":             {"it is odd. Write:\n  strategy: {}", "c: it is odd. Write: strategy: {}"},
		"a fix, and more":             {"it is odd. Write:\n  image: x:VERSION\n(and 2 more)", "c: it is odd. Write: image: x:VERSION (and 2 more)"},
		"no room for the fix":         {long + "and odd. Write:\n  strategy: {type: RollingUpdate}", "c: " + long + "and odd"},
		"no room for either word":     {long + "and odd. Raise it, or write:\n  strategy: {type: Rolling}", "c: " + long + "and odd"},
		"no room, in half a clause":   {long + "and odd; write:\n  until=2026-12-31T18:00:00Z", "c: " + long + "and odd"},
		"no room, and nothing to cut": {long + "and odd:\n  strategy: {type: RollingUpdate}", "c: " + long + "and odd:"},
		"a sentence that is too long": {"the pod " + strings.Repeat("x", 300) + " can never start", "c: the pod " + strings.Repeat("x", 110) + " ... " + strings.Repeat("x", 104) + " can never start"},
	} {
		line := Violation{Check: "c", Message: row.message}.Line()
		assert.Equal(t, row.line, line, name)
		assert.LessOrEqual(t, len("evenkeel: "+line), 256, name)
	}
}
