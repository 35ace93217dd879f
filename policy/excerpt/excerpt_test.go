// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package excerpt

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCut(t *testing.T) {
	for _, row := range []struct {
		text         string
		most         int
		bytes, runes string
	}{
		{"", 5, "", ""},
		{"abcde", 5, "abcde", "abcde"},
		{"abcdef", 5, "ab...", "ab..."},
		{"äöüäö", 5, "ä...", "äöüäö"},      // ten bytes, five characters
		{"aäöüäö", 5, "a...", "aä..."},     // ä is no half of itself
		{"a\xffbcdef", 5, "a...", "a�..."}, // what was broken before
		{"abcd", 3, "...", "..."},
		{"abcd", 2, "...", "..."}, // dots at the least
	} {
		assert.Equal(t, row.bytes, Bytes(row.text, row.most), row.text)
		assert.Equal(t, row.runes, Runes(row.text, row.most), row.text)
	}
}
