// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/evenkeel-dev/evenkeel/test/load"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// view shows the demo: redrawn in place on a terminal, plain lines elsewhere.
type view struct {
	out      io.Writer
	live     bool
	colour   bool
	drawn    int
	last     string
	lastTime time.Time
	started  time.Time
}

func newView(out *os.File) *view {
	live := term.IsTerminal(int(out.Fd()))
	return &view{out: out, live: live, colour: live && os.Getenv("NO_COLOR") == "", started: time.Now()}
}

func (v *view) title(text string) {
	v.end()
	fmt.Fprintf(v.out, "%s %s\n", v.paint("1", "==>"), v.paint("1", text))
}

func (v *view) line(format string, args ...any) {
	fmt.Fprintf(v.out, "    "+format+"\n", args...)
}

// quote shows what a program said, but for kubectl's copy of the patch that it sent.
func (v *view) quote(text string) {
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		if !strings.HasPrefix(line, `{"metadata"`) {
			fmt.Fprintln(v.out, "    |", line)
		}
	}
}

// show draws one look at a rollout.
func (v *view) show(seen look, share string, counts load.Counts) {
	place := fmt.Sprintf("%s %s", seen.state.Phase, bar(seen.state))
	facts := fmt.Sprintf("weight %3d%%  share %6s  pods %s  requests %d  failed %d", seen.weight, share, seen.pods, counts.Requests, counts.Failed)
	if v.live {
		v.rewind()
		fmt.Fprintf(v.out, "    %s\n    %s\n    %s\n", v.paint("36", place), facts, v.paint("2", "waits until "+seen.state.Wait))
		v.drawn = 3
		return
	}
	key := fmt.Sprint(seen.state.Phase, seen.state.Stage, seen.state.Step, seen.weight)
	if key == v.last && time.Since(v.lastTime) < 5*time.Second {
		return
	}
	v.last, v.lastTime = key, time.Now()
	fmt.Fprintf(v.out, "    %5.1fs %-44s %s\n", time.Since(v.started).Seconds(), place, facts)
}

// end keeps what was drawn last.
func (v *view) end() { v.drawn = 0 }

func (v *view) rewind() {
	for range v.drawn {
		fmt.Fprint(v.out, "\x1b[1A\x1b[2K")
	}
}

func (v *view) paint(code, text string) string {
	if !v.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// bar draws the steps: done, current and to come.
func bar(s rollout.State) string {
	var parts []string
	for i, step := range s.StepList() {
		mark := "."
		switch {
		case s.Phase == rollout.Completed || s.Phase == rollout.Promoting || i < s.Step:
			mark = "#"
		case i == s.Step && s.Phase == rollout.Stepping:
			mark = ">"
		}
		parts = append(parts, fmt.Sprintf("[%s %d%%]", strings.Repeat(mark, 4), step.Weight))
	}
	return strings.Join(parts, "")
}
