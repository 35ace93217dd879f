// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package build

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// progress says what is built, for how long, and what is left: on a terminal in
// one line that is written again, elsewhere in a line each quarter of a minute.
type progress struct {
	out      io.Writer
	terminal bool
	index    int
	groups   []Group
	program  string
	started  time.Time
}

// newProgress begins the group at index of those that are to be built.
func newProgress(out io.Writer, index int, groups []Group) *progress {
	p := &progress{out: out, terminal: isTerminal(out), index: index, groups: groups, started: time.Now()}
	group := groups[index]
	fmt.Fprintf(out, "%s: %d program(s), about %s when nothing is cached\n", p.label(), len(group.Programs), group.Cold)
	return p
}

func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// every is how often a person wants to see that it still goes on.
func (p *progress) every() time.Duration {
	if p.terminal {
		return time.Second
	}
	return 15 * time.Second
}

func (p *progress) label() string {
	return fmt.Sprintf("[%d/%d] %s", p.index+1, len(p.groups), p.groups[p.index].Name)
}

// doing names the program that is built from now on.
func (p *progress) doing(program string) {
	p.program = program
	if p.terminal {
		p.tick()
	}
}

func (p *progress) tick() {
	line := p.line(time.Since(p.started))
	if p.terminal {
		fmt.Fprintf(p.out, "\r\x1b[K%s", line)
		return
	}
	fmt.Fprintln(p.out, line)
}

// line is one look at the build.
func (p *progress) line(elapsed time.Duration) string {
	text := fmt.Sprintf("%s: building %s, %s so far", p.label(), p.program, elapsed.Round(time.Second))
	var left []string
	for _, group := range p.groups[p.index+1:] {
		left = append(left, group.Name)
	}
	if len(left) == 0 {
		return text
	}
	return text + "; then " + strings.Join(left, ", ")
}

func (p *progress) finish() {
	if p.terminal {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
	fmt.Fprintf(p.out, "%s: built in %s\n", p.label(), time.Since(p.started).Round(time.Second))
}
