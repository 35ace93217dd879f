// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestReasons(t *testing.T) {
	assertion := "        \tError Trace:\t/src/matrix_test.go:107\n        \tError:      \tNot equal: \n        \t            \texpected: 1\n        \tTest:       \tTestX\n"
	story := strings.Repeat("        [pod/x] a line of a log\n", 100)
	seen := "    app.go:53: What was seen:\n        \t03:04:05 demo Killing: Stopping container app\n"
	long := "        \tError Trace:\t/src/x.go:1\n" + strings.Repeat("        \t            \ta diff\n", 100)
	for name, test := range map[string]struct{ output, want string }{
		"an assertion amid a story": {"=== RUN TestX\n    matrix_test.go:107: \n" + assertion + story + "--- FAIL: TestX\n", assertion},
		"two assertions":            {"    a.go:1: \n" + assertion + story + "    a.go:2: \n" + assertion + story, assertion + assertion},
		"and what was seen":         {assertion + "    app.go:52: a story\n" + seen + "--- FAIL: TestX\n", assertion + seen},
		"none":                      {story + "panic: boom\n", strings.Repeat("        [pod/x] a line of a log\n", tailLines-1) + "panic: boom\n"},
		"a short one":               {"FAIL\n", "FAIL\n"},
		"a long one":                {long, strings.Join(strings.SplitAfter(long, "\n")[:reasonLines], "") + "        \t... more above\n"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, fmt.Sprintln(strings.Join(reasons(test.output), "\n")))
		})
	}
}
