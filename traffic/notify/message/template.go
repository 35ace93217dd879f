// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package message

import (
	"errors"
	"time"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/policy/form"
)

// BuiltIn is the template of a notification that has none.
const BuiltIn = "{{.Kind}} {{.Namespace}}/{{.Name}}: {{.Text}}"

// maxTextBytes bounds what a template makes.
const maxTextBytes = 8 << 10

// Template makes the text of a message.
type Template struct{ form form.Form }

// ParseTemplate reads a template (see form.Parse), and makes a text with it, so that
// a field that no message has is told here and not at night. An empty text is BuiltIn.
func ParseTemplate(text string) (Template, error) {
	if text == "" {
		text = BuiltIn
	}
	parsed, err := form.Parse(text)
	if err != nil {
		return Template{}, err
	}
	t := Template{parsed}
	_, err = t.Text(Message{Moment: policy.Started, Kind: "Deployment", Namespace: "shop", Name: "demo", Reason: "RolloutStarted", Text: "it began", Phase: "Preparing", Time: time.Unix(0, 0).UTC()})
	return t, err
}

// Text is what the template makes of a message, cut where it is longer than 8 KiB.
func (t Template) Text(m Message) (string, error) {
	text, err := t.form.Fill(m, maxTextBytes)
	if errors.Is(err, form.ErrFull) {
		return text + "...", nil
	}
	return text, err
}
