// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"slices"
	"time"
)

func main() {
	s, err := newSuite()
	if err != nil {
		fmt.Fprintln(os.Stderr, "suite:", err)
		os.Exit(1)
	}
	if !s.run(os.Args[1:]) {
		os.Exit(1)
	}
}

// run runs the stages, prints the table of results, and tells whether all is well.
func (s *suite) run(only []string) bool {
	var table []string
	for _, stage := range s.stages() {
		if len(only) > 0 && !slices.Contains(only, stage.name) {
			continue
		}
		fmt.Printf("=== %s\n", stage.name)
		started := time.Now()
		before := s.tally
		if err := stage.run(); err != nil {
			s.tally.failed++
			fmt.Printf("FAILED: %s: %v\n", stage.name, err)
		} else if stage.counts {
			s.tally.passed++
		}
		table = append(table, fmt.Sprintf("%-12s %6.0f s  %4d passed  %2d failed  %2d skipped", stage.name, time.Since(started).Seconds(),
			s.tally.passed-before.passed, s.tally.failed-before.failed, s.tally.skipped-before.skipped))
	}
	fmt.Println("===")
	for _, row := range append(s.failures, table...) {
		fmt.Println(row)
	}
	failed := s.tally.failed
	if os.Getenv("CI") == "true" {
		failed += s.tally.skipped // what was not run was not shown
	}
	fmt.Printf("%d passed, %d failed\n", s.tally.passed, failed)
	return failed == 0 && s.tally.passed > 0
}
