// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package walk

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const page = `# A page

    no line: nobody types it

## First

    $ kubectl get pods -n demo
    NAME         READY   AGE
    demo-...     1/1     20s

Prose.

    $ kubectl apply -f x
    ...
    deployment.apps/demo created
    $ exit

` + "```yaml\nkind: Service\n```\n" + `
## Second

    not an answer
    $ until a; do b; done
`

func TestRead(t *testing.T) {
	lines := Read(page)
	require.Len(t, lines, 4)
	assert.Equal(t, Line{"First", "kubectl get pods -n demo", []string{"NAME         READY   AGE", "demo-...     1/1     20s"}}, lines[0])
	assert.Equal(t, []string{"...", "deployment.apps/demo created"}, lines[1].Answer)
	assert.Equal(t, Line{Section: "First", Command: "exit"}, lines[2])
	assert.Equal(t, "Second", lines[3].Section)
	assert.True(t, lines[0].Looks())
	assert.False(t, lines[1].Looks(), "an apply is not typed twice")
	assert.Equal(t, 3, Words("# A page\n"))
}

func TestFits(t *testing.T) {
	for name, row := range map[string]struct {
		answer []string
		output string
		fits   bool
	}{
		"to the letter":                {[]string{"a b"}, "a b\n", true},
		"another word":                 {[]string{"a b"}, "a c\n", false},
		"columns are wider":            {[]string{"a b"}, "a     b   \n", true},
		"an age":                       {[]string{"a 20s b"}, "a 1m3s b\n", true},
		"an age that is none":          {[]string{"a 20s b"}, "a x b\n", false},
		"a name's end":                 {[]string{"demo-... 1/1"}, "demo-x2 1/1\n", true},
		"a line too many":              {[]string{"a"}, "a\nb\n", false},
		"a line too few":               {[]string{"a", "b"}, "a\n", false},
		"lines left out":               {[]string{"a", "...", "d"}, "a\nb\nc\nd\n", true},
		"no line where some may be":    {[]string{"...", "d"}, "d\n", true},
		"what follows is not left out": {[]string{"...", "d"}, "d\ne\n", false},
		"dots mean nothing else":       {[]string{"a.b"}, "axb\n", false},
		"nothing":                      {nil, "", true},
		"nothing was shown":            {nil, "a\n", false},
	} {
		assert.Equal(t, row.fits, Line{Answer: row.answer}.Fits(row.output), name)
	}
}
