// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
)

const (
	usualWidth = 80
	most       = 100 // of the width
	indent     = 10  // of what stands after a word
)

func (m Model) width() int {
	if m.Width == 0 {
		return usualWidth
	}
	return min(m.Width, most)
}

// whole is a space at which no line ends.
const whole = "\u00a0"

// room is how wide what stands after a word is.
func (m Model) room() int { return max(m.width()-indent, 20) }

// line is a word and what stands after it, as many lines as that takes.
func (m Model) line(word, text string) string {
	wrapped := strings.ReplaceAll(ansi.Wrap(text, m.room(), " "), whole, " ")
	return fmt.Sprintf("%-*s", indent, word) + strings.ReplaceAll(wrapped, "\n", "\n"+strings.Repeat(" ", indent))
}

// row is as many lines as words take that stay whole.
func row(width int, between string, words ...string) string {
	text, used := "", 0
	for _, word := range words {
		long := lipgloss.Width(word)
		switch {
		case used == 0:
		case used+len(between)+long > width:
			text, used = text+"\n", 0
		default:
			text, used = text+between, used+len(between)
		}
		text, used = text+word, used+long
	}
	return text
}

// bar is filled by a percentage.
func (m Model) bar(percent int, color func(string) string) string {
	room := max(m.width()-indent-14, 10)
	filled := min(max(percent, 0), 100) * room / 100
	return color(strings.Repeat("█", filled)) + m.Style.dim(strings.Repeat("░", room-filled))
}
