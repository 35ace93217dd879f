// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Terminal tells whether a person sits at one end of a command.
func Terminal(end any) bool {
	file, ok := end.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// Colors tells whether what is written gets colours.
func Colors(to io.Writer) bool { return colors(Terminal(to), os.Getenv) }

// colors are for a person at a terminal that knows them, who has not said NO_COLOR,
// whatever to.
func colors(terminal bool, env func(string) string) bool {
	return terminal && env("NO_COLOR") == "" && env("TERM") != "dumb"
}
