// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package form

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"
)

// maxBytes bounds a template.
const maxBytes = 4 << 10

// ErrFull tells that a form was filled in with more than it may become.
var ErrFull = errors.New("the text is full")

// Form is a template that can be filled in, in no time and little memory.
type Form struct{ parsed *template.Template }

// Parse reads a template of at most 4 KiB. What repeats, and every function that
// makes a text longer than it was, is refused.
func Parse(text string) (Form, error) {
	if len(text) > maxBytes {
		return Form{}, fmt.Errorf("%d bytes are more than %d", len(text), maxBytes)
	}
	parsed, err := template.New("text").Option("missingkey=error").Parse(text)
	if err != nil {
		return Form{}, plain(err)
	}
	if len(parsed.Templates()) > 1 {
		return Form{}, errNoUse
	}
	return Form{parsed}, bounds(parsed.Root)
}

// Fill fills the form in. With a text of more than most bytes it gives as many of
// them, and ErrFull.
func (f Form) Fill(fields any, most int) (string, error) {
	out := bounded{most: most}
	err := f.parsed.Execute(&out, fields)
	if errors.Is(err, ErrFull) {
		return strings.ToValidUTF8(out.text.String(), ""), ErrFull
	}
	if err != nil {
		return "", plain(err)
	}
	return out.text.String(), nil
}

// plain is an error of a template without the library's own prefix.
func plain(err error) error {
	return errors.New(strings.TrimPrefix(err.Error(), "template: "))
}

// bounded keeps as much of a text as fits.
type bounded struct {
	text strings.Builder
	most int
}

func (b *bounded) Write(data []byte) (int, error) {
	room := b.most - b.text.Len()
	if len(data) > room {
		b.text.Write(data[:room])
		return room, ErrFull
	}
	return b.text.Write(data)
}

// short are the functions that make nothing longer.
var short = []string{"and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len"}

var errNoUse = errors.New("range, define, block and template have no use here: only fields are filled in")

// bounds refuses the parts of a template that make it endless, or its text.
func bounds(node parse.Node) error {
	switch one := node.(type) {
	case *parse.RangeNode, *parse.TemplateNode:
		return errNoUse
	case *parse.IdentifierNode:
		if !slices.Contains(short, one.Ident) {
			return fmt.Errorf("function %q is not known here: use %s", one.Ident, strings.Join(short, ", "))
		}
	}
	for _, below := range partsOf(node) {
		if err := bounds(below); err != nil {
			return err
		}
	}
	return nil
}

// partsOf are the nodes of which a node is made.
func partsOf(node parse.Node) []parse.Node {
	switch one := node.(type) {
	case *parse.ListNode:
		if one != nil {
			return one.Nodes
		}
	case *parse.IfNode:
		return []parse.Node{one.Pipe, one.List, one.ElseList}
	case *parse.WithNode:
		return []parse.Node{one.Pipe, one.List, one.ElseList}
	case *parse.ActionNode:
		return []parse.Node{one.Pipe}
	case *parse.ChainNode:
		return []parse.Node{one.Node}
	case *parse.CommandNode:
		return one.Args
	case *parse.PipeNode:
		var out []parse.Node
		for _, command := range one.Cmds {
			out = append(out, command)
		}
		return out
	}
	return nil
}
