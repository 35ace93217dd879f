// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
)

// The most that is told again of one failed test.
const (
	reasonLines = 40 // of its assertions, and of what was seen
	tailLines   = 8  // of its end, where no assertion says why
)

// reasons gives the assertions that failed from a test's output, as testify writes
// them, and what a fixture says was seen on the cluster; or its last lines where there
// is none, such as of a panic. A cluster's story can be so long that they are lost in it.
func reasons(output string) []string {
	lines := strings.Split(strings.TrimRight(output, "\n"), "\n")
	var found []string
	inside := false
	for _, line := range lines {
		inside = strings.Contains(line, "Error Trace:") || strings.HasSuffix(line, fixture.SeenHeading) || inside && strings.HasPrefix(line, "        \t")
		if inside {
			found = append(found, line)
		}
	}
	if found == nil {
		return slices.Clone(lines[max(0, len(lines)-tailLines):])
	}
	if len(found) > reasonLines {
		found = append(found[:reasonLines], "        \t... more above")
	}
	return found
}
