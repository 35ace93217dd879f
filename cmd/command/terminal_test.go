// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhoGetsColours(t *testing.T) {
	for name, row := range map[string]struct {
		terminal bool
		env      map[string]string
		want     bool
	}{
		"a terminal":                 {true, nil, true},
		"a terminal, by its name":    {true, map[string]string{"TERM": "xterm-256color"}, true},
		"a pipe":                     {false, nil, false},
		"nobody wants them":          {true, map[string]string{"NO_COLOR": "1"}, false},
		"whatever it says":           {true, map[string]string{"NO_COLOR": "false"}, false},
		"said without a word":        {true, map[string]string{"NO_COLOR": ""}, true},
		"a terminal without colours": {true, map[string]string{"TERM": "dumb"}, false},
		"a pipe of whom wants them":  {false, map[string]string{"TERM": "xterm-256color"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, row.want, colors(row.terminal, func(key string) string { return row.env[key] }))
		})
	}
}

// A file, and what is no file, is no terminal.
func TestWhatIsNoTerminal(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	for _, end := range []any{file, &bytes.Buffer{}, nil} {
		assert.False(t, Terminal(end))
	}
	assert.False(t, Colors(file))
}
