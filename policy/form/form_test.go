// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package form

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type fields struct {
	Name string
	Bad  bool
}

func TestForms(t *testing.T) {
	for text, want := range map[string]string{
		"":                                 "",
		"{{.Name}}: {{if .Bad}}bad{{end}}": "demo: bad",
		"{{with .Name}}{{len .}}{{end}}":   "4",
		"{{if and .Bad (eq .Name `x`)}}{{else}}no{{end}}": "no",
	} {
		form, err := Parse(text)
		require.NoError(t, err, text)
		got, err := form.Fill(fields{"demo", true}, 100)
		require.NoError(t, err, text)
		assert.Equal(t, want, got)
	}
}

func TestWhatIsNoForm(t *testing.T) {
	for text, says := range map[string]string{
		"{{.Name":                                       "unclosed action",
		"{{range 9000000000000}}{{end}}":                "range, define, block and template have no use here",
		"{{with .Name}}{{range 9}}{{end}}{{end}}":       "range, define, block and template have no use here",
		`{{define "a"}}{{end}}{{.Name}}`:                "range, define, block and template have no use here",
		`{{$a := print .Name .Name}}{{$a}}`:             `function "print" is not known here: use and, or, not, eq, ne, lt, le, gt, ge, len`,
		`{{if .Bad}}{{else}}{{.Name | js | js}}{{end}}`: `function "js" is not known here`,
		`{{if eq (printf "%9999d" 1) .Name}}{{end}}`:    `function "printf" is not known here`,
		`{{(html .Name).Foo}}`:                          `function "html" is not known here`,
		strings.Repeat("x", maxBytes+1):                 "4097 bytes are more than 4096",
	} {
		_, err := Parse(text)
		assert.ErrorContains(t, err, says, text)
	}
	form, err := Parse("{{.Title}}")
	require.NoError(t, err)
	_, err = form.Fill(fields{}, 100)
	assert.ErrorContains(t, err, "can't evaluate field Title")
}

// What does not fit is cut, and stays readable.
func TestALongText(t *testing.T) {
	form, err := Parse("{{.Name}}")
	require.NoError(t, err)
	text, err := form.Fill(fields{Name: strings.Repeat("\u00f6", 10)}, 11)
	require.ErrorIs(t, err, ErrFull)
	assert.Equal(t, strings.Repeat("\u00f6", 5), text)
}

// Whatever a template is, it is read and filled in, in no time.
func FuzzForm(f *testing.F) {
	for _, text := range []string{"", "{{if .Bad}}x{{else}}{{.Name}}{{end}}", "{{range 9}}{{end}}", `{{printf "%99999d" 1}}`, `{{with $x := .Name}}{{$x | len}}{{end}}`, "{{break}}", "{{(.Name).Foo}}"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		form, err := Parse(text)
		if err != nil {
			return
		}
		out, _ := form.Fill(fields{"x", true}, 100)
		assert.LessOrEqual(t, len(out), 100)
	})
}
