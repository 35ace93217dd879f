// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package message

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"
	"time"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// BuiltIn is the template of a notification that has none.
const BuiltIn = "{{.Kind}} {{.Namespace}}/{{.Name}}: {{.Text}}"

const (
	// maxTemplateBytes bounds a template, and maxTextBytes what it makes.
	maxTemplateBytes = 4 << 10
	maxTextBytes     = 8 << 10
)

// Template makes the text of a message.
type Template struct{ parsed *template.Template }

// ParseTemplate reads a template, and makes a text with it, so that a field that
// no message has is told here and not at night. An empty text is BuiltIn. Whoever
// may write a ConfigMap can have one read: what repeats, and every function that
// makes a text longer than it was, is refused.
func ParseTemplate(text string) (Template, error) {
	if text == "" {
		text = BuiltIn
	}
	if len(text) > maxTemplateBytes {
		return Template{}, fmt.Errorf("%d bytes are more than %d", len(text), maxTemplateBytes)
	}
	parsed, err := template.New("text").Option("missingkey=error").Parse(text)
	if err != nil {
		return Template{}, plain(err)
	}
	if len(parsed.Templates()) > 1 {
		return Template{}, errNoUse
	}
	if err := bounds(parsed.Root); err != nil {
		return Template{}, err
	}
	t := Template{parsed: parsed}
	_, err = t.Text(Message{Moment: policy.Started, Kind: "Deployment", Namespace: "shop", Name: "demo", Reason: "RolloutStarted", Text: "it began", Phase: "Preparing", Time: time.Unix(0, 0).UTC()})
	return t, err
}

// Text is what the template makes of a message, cut where it is longer than 8 KiB.
func (t Template) Text(m Message) (string, error) {
	var out bounded
	err := t.parsed.Execute(&out, m)
	if errors.Is(err, errFull) {
		return strings.ToValidUTF8(out.text.String(), "") + "...", nil
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

var errFull = errors.New("the text is full")

// bounded keeps as much of a text as fits.
type bounded struct{ text strings.Builder }

func (b *bounded) Write(data []byte) (int, error) {
	room := maxTextBytes - b.text.Len()
	if len(data) > room {
		b.text.Write(data[:room])
		return room, errFull
	}
	return b.text.Write(data)
}

// short are the functions that make nothing longer.
var short = []string{"and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len"}

var errNoUse = errors.New("range, define, block and template have no use here: a message is a few fields")

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
