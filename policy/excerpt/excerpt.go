// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package excerpt

import "strings"

// dots end a text that was cut.
const dots = "..."

// Bytes is a text within so many bytes, of which the last ones are dots where it was
// cut; no character is cut in two.
func Bytes(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:max(most-len(dots), 0)], "") + dots
}

// Runes is a text within so many characters.
func Runes(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:max(most-len(dots), 0)]) + dots
}
