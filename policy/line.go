// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import "strings"

// maxLine is what a client shows of a warning, less the word that it begins with.
const maxLine = 256 - len("evenkeel: ")

// Line tells a violation in one line, as a warning does: with the fix where there
// is room for all of it, and else without asking for one.
func (v Violation) Line() string {
	lines := strings.Split(v.Check+": "+v.Message, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	if whole := strings.Join(lines, " "); len(lines) == 1 || len([]rune(whole)) <= maxLine {
		return shortened(whole)
	}
	head := lines[0]
	if end := max(strings.LastIndex(head, ". "), strings.LastIndex(head, "; ")); end > 0 {
		head = head[:end] // what follows asks for the fix
	}
	return shortened(head)
}

// shortened leaves out the middle of a line that is too long: what it is about
// stands at its beginning, and what follows from it at its end.
func shortened(line string) string {
	const mark = " ... "
	text := []rune(line)
	if len(text) <= maxLine {
		return line
	}
	end := (maxLine - len(mark)) / 2
	return string(text[:maxLine-len(mark)-end]) + mark + string(text[len(text)-end:])
}
