// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// exit ends the program with a code; why is what is said before, where anything is.
type exit struct {
	code int
	why  error
}

// Error says why.
func (e exit) Error() string {
	if e.why == nil {
		return ""
	}
	return strings.TrimSpace(e.why.Error())
}

// Exit is an error that ends the program with a code; why is said before, where it
// is not nil.
func Exit(code int, why error) error { return exit{code: code, why: why} }

// Tell says what went wrong, and gives the code to end with.
func Tell(to io.Writer, err error) int {
	if text := err.Error(); text != "" {
		fmt.Fprintln(to, "evenkeel:", text)
	}
	if e := (exit{}); errors.As(err, &e) {
		return e.code
	}
	return 1
}

// unusable is an input, or a flag, that cannot be used.
func unusable(err error) error { return exit{code: 2, why: err} }
