// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// screens are where the tests of watch keep what it draws, in colours.
const screens = "cmd/kubectl-evenkeel/internal/watch/testdata/ansi"

// shots are the screens of watch to take, by the name of their test.
var shots = []struct {
	name    string
	columns int
}{
	{"stepping", 80},
	{"waiting-for-a-person", 80},
	{"waiting-for-evidence", 80},
	{"least-time-of-a-pause", 80},
	{"held", 80},
	{"measured", 80},
	{"back-sure-failing", 80},
	{"rolling-back", 80},
	{"rolled-back", 80},
	{"completed", 80},
	{"refused", 80},
	{"narrow", 40},
	{"wide", 100},
}

// Sizes of a letter, of a line and of the edge, in pixels.
const (
	letter = 8.43
	line   = 20
	edge   = 22
)

// terminals takes the screens of watch light and dark.
func terminals(program, folder string) error {
	for _, one := range shots {
		for _, scheme := range []string{"light", "dark"} {
			to := filepath.Join(folder, fmt.Sprintf("watch-%s-%s.png", one.name, scheme))
			if err := terminal(program, to, one.name, scheme, one.columns); err != nil {
				return err
			}
			fmt.Println(to)
		}
	}
	return nil
}

// terminal takes one screen.
func terminal(program, to, name, scheme string, columns int) error {
	text, err := os.ReadFile(filepath.Join(screens, name+".txt"))
	if err != nil {
		return fmt.Errorf("run it in the project's folder: %w", err)
	}
	folder, err := os.MkdirTemp("", "screen")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	typed := "\x1b[2m$\x1b[m kubectl evenkeel watch demo -n shop\n\n" + strings.TrimRight(string(text), "\n") + "\n"
	page := filepath.Join(folder, "screen.html")
	if err := os.WriteFile(page, []byte(pageOf(typed)), 0o600); err != nil {
		return err
	}
	return take(program, to, "file://"+page, scheme, int(letter*float64(columns))+2*edge, line*strings.Count(typed, "\n")+2*edge)
}

// pageOf is a terminal's screen as a page.
func pageOf(text string) string {
	return fmt.Sprintf(`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>watch</title><style>
:root { --ground: #fff; --ink: #1d2733; --c31: #c22f3d; --c32: #35791f; --c33: #a16a00; --c36: #087a83; }
@media (prefers-color-scheme: dark) { :root { --ground: #10161d; --ink: #dfe6ee; --c31: #ff7b84; --c32: #6fce7f; --c33: #ecb94f; --c36: #4fd0dc; } }
body { margin: 0; background: var(--ground); color: var(--ink); }
pre { margin: 0; padding: %dpx; font: 14px/%dpx "DejaVu Sans Mono", monospace; }
.b { font-weight: 700; } .f { opacity: .6; } .c31 { color: var(--c31); } .c32 { color: var(--c32); } .c33 { color: var(--c33); } .c36 { color: var(--c36); }
</style><pre>%s</pre></html>
`, edge, line, marked(text))
}

// graphic is what a terminal takes for a change of colour or weight.
var graphic = regexp.MustCompile("\x1b\\[([0-9;]*)m")

// marked turns changes of colour and weight into spans.
func marked(text string) string {
	var out strings.Builder
	from := 0
	var classes []string
	write := func(part string) {
		part = html.EscapeString(part)
		if len(classes) > 0 && part != "" {
			part = fmt.Sprintf(`<span class="%s">%s</span>`, strings.Join(classes, " "), part)
		}
		out.WriteString(part)
	}
	for _, at := range graphic.FindAllStringSubmatchIndex(text, -1) {
		write(text[from:at[0]])
		from = at[1]
		for code := range strings.SplitSeq(text[at[2]:at[3]], ";") {
			switch code {
			case "", "0":
				classes = nil
			case "1":
				classes = append(classes, "b")
			case "2":
				classes = append(classes, "f")
			default:
				classes = append(classes, "c"+code)
			}
		}
	}
	write(text[from:])
	return out.String()
}
