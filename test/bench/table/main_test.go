// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const inProcess = `cpu: Some CPU
BenchmarkReview/mutate/typical/image-2         	    1000	    90000 ns/op
BenchmarkReview/mutate/typical/image-2         	    1000	    80000 ns/op	  100.5 MB/s
BenchmarkReview/validate/typical/image-2       	    1000	    70000 ns/op
BenchmarkDecode/typical/image-2                	    1000	   160000 ns/op
`

const server = `BenchmarkWrite/create/bench-none-2         	1	      5000 p50-µs	     9000 p99-µs
BenchmarkWrite/create/bench-noop-2         	1	      8000 p50-µs	     10000 p99-µs
BenchmarkWrite/create/bench-ours-2         	1	      8800 p50-µs	     12000 p99-µs
BenchmarkWrite/cpu/bench-noop-2            	1	       100 cpu-µs/review
BenchmarkWrite/cpu/bench-ours-2            	1	       150 cpu-µs/review
`

func TestTheTable(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(strings.NewReader(inProcess), &out))
	assert.Contains(t, out.String(), "Some CPU")
	assert.Contains(t, out.String(), "| typical, image | 160 | 80 | 0.50 | 70 | 0.44 | 13333 |")
	assert.NotContains(t, out.String(), "huge")
	assert.Contains(t, out.String(), "there was no cluster")

	out.Reset()
	require.NoError(t, run(strings.NewReader(inProcess+server), &out))
	assert.Contains(t, out.String(), "| create, p50 | 5000 | 8000 | 8800 | 1.10 |")
	assert.Contains(t, out.String(), "| create, p99 | 9000 | 10000 | 12000 | 1.20 |")
	assert.Contains(t, out.String(), "a review | | 100 | 150 | 1.50 |")

	assert.EqualError(t, run(strings.NewReader("nothing"), &out), "no benchmark's output came in")
}
