// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// event is one line of go test -json.
type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64
}

// goTest runs a go test -json command, counts its tests and shows the output of
// those that fail. A package that fails without a failing test counts as one.
func (s *suite) goTest(args ...string) error {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Stderr = s.root, os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("cannot start %s: %w", args[0], err)
	}
	before := s.tally
	output := map[string]*strings.Builder{}
	lines := bufio.NewScanner(out)
	lines.Buffer(make([]byte, 1<<20), 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Println(lines.Text())
			continue
		}
		s.count(e, output)
	}
	err = errors.Join(lines.Err(), cmd.Wait())
	if s.tally.failed > before.failed {
		return nil // its failures are counted
	}
	if err == nil && s.tally == before {
		return errors.New("no test ran")
	}
	return err
}

// count takes one event of one test, or of one package.
func (s *suite) count(e event, output map[string]*strings.Builder) {
	key := e.Package + "." + e.Test
	if output[key] == nil {
		output[key] = &strings.Builder{}
	}
	switch e.Action {
	case "output", "build-output":
		output[key].WriteString(e.Output)
	case "pass":
		if e.Test != "" {
			s.tally.passed++
		} else {
			fmt.Printf("ok    %s (%.1f s)\n", e.Package, e.Elapsed)
		}
	case "skip":
		if e.Test != "" {
			s.tally.skipped++
			fmt.Printf("SKIP  %s\n%s", key, output[key])
		}
	case "fail":
		fmt.Printf("FAIL  %s\n%s", key, output[key])
		if e.Test != "" {
			s.tally.failed++
			s.failures = append(s.failures, append([]string{"FAIL  " + key}, reasons(output[key].String())...)...)
		}
	}
	if e.Action == "pass" || e.Action == "fail" {
		delete(output, key)
	}
}
