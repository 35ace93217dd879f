// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package walk

import (
	"regexp"
	"strings"
)

// Line is one line that a person types.
type Line struct {
	// Section is the heading that it stands below.
	Section string
	Command string
	// Answer is what the page shows of its output, a line each.
	Answer []string
}

const (
	block  = "    "
	prompt = block + "$ "
)

// Read lists the lines of a page, in their order.
func Read(page string) []Line {
	var lines []Line
	section, typed := "", false
	for text := range strings.Lines(page) {
		text = strings.TrimRight(text, "\n")
		switch {
		case strings.HasPrefix(text, "## "):
			section, typed = strings.TrimPrefix(text, "## "), false
		case strings.HasPrefix(text, prompt):
			lines, typed = append(lines, Line{Section: section, Command: strings.TrimPrefix(text, prompt)}), true
		case !strings.HasPrefix(text, block):
			typed = false
		case typed:
			last := &lines[len(lines)-1]
			last.Answer = append(last.Answer, strings.TrimPrefix(text, block))
		}
	}
	return lines
}

// passing is what differs each time: ages and the like.
var passing = regexp.MustCompile(`\b\d+(?:m\d+)?[smh]\b`)

// Fits tells whether an output is what the page shows: each of its lines, in
// their order. "..." stands for anything within a line, and alone for any number of
// lines. Ages and the width of columns do not count.
func (l Line) Fits(output string) bool { return l.pattern().MatchString(output) }

func (l Line) pattern() *regexp.Regexp {
	var all strings.Builder
	all.WriteString(`\A`)
	for _, line := range l.Answer {
		if line == "..." {
			all.WriteString(`(?:.*\n)*?`)
			continue
		}
		words := strings.Fields(passing.ReplaceAllString(line, "\x00"))
		for i, word := range words {
			word = regexp.QuoteMeta(word)
			word = strings.ReplaceAll(word, regexp.QuoteMeta("..."), `.*`)
			words[i] = strings.ReplaceAll(word, "\x00", `\d+(?:m\d+)?[smh](?: \(x\d+ over \d+\w+\))?`)
		}
		all.WriteString(`[ \t]*` + strings.Join(words, `[ \t]+`) + `[ \t]*\n`)
	}
	all.WriteString(`\z`)
	return regexp.MustCompile(all.String())
}

// Looks tells whether the line only looks, so that it can be typed again where the
// answer is not there yet.
func (l Line) Looks() bool {
	for _, verb := range []string{"kubectl get ", "kubectl events ", "for i in "} {
		if strings.HasPrefix(l.Command, verb) {
			return true
		}
	}
	return false
}

// Words counts the words of a page, which is what it takes to read it.
func Words(page string) int { return len(strings.Fields(page)) }
