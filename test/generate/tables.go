// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// tables are the generated parts, by their names.
var tables = map[string]func(root string) (string, error){
	"checks":      checksTable,
	"check-pages": checkPages,
	"fields":      fieldsTable,
	"annotations": annotationsTable,
	"hand-words":  handWordsTable,
}

// row writes one row of a table.
func row(out *strings.Builder, cells ...string) {
	for i, cell := range cells {
		cells[i] = strings.ReplaceAll(cell, "|", `\|`)
	}
	fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | "))
}

func checksTable(string) (string, error) { return checkRows("checks/") }

func checkPages(string) (string, error) { return checkRows("") }

func checkRows(folder string) (string, error) {
	var out strings.Builder
	row(&out, "check", "built-in", "what it finds")
	row(&out, "---", "---", "---")
	for _, check := range policy.AllChecks() {
		row(&out, fmt.Sprintf("[`%s`](%s%s.md)", check.Name, folder, check.Name), string(check.Action), check.Summary)
	}
	return out.String(), nil
}

// fieldsTable lists the fields of a rule, with what their comments say.
func fieldsTable(root string) (string, error) {
	schema, err := reflectSchema(root)
	if err != nil {
		return "", err
	}
	rules, _ := schema.Properties.Get("rules")
	var out strings.Builder
	row(&out, "field", "takes", "what it says")
	row(&out, "---", "---", "---")
	fieldRows(&out, rules.Items, "")
	return out.String(), nil
}

func fieldRows(out *strings.Builder, object *jsonschema.Schema, at string) {
	for field := object.Properties.Oldest(); field != nil; field = field.Next() {
		path, below := at+field.Key, field.Value
		switch {
		case path == "checks":
			row(out, "`checks`", "a word or an object each", "what follows from each check by its name; `default` for all others")
		case below.Type == "object" && below.Properties != nil && below.Properties.Len() > 0:
			fieldRows(out, below, path+".")
		default:
			row(out, "`"+path+"`", takes(below), meaning(field.Key, below.Description))
		}
	}
}

// takes says in a word or two what a field takes.
func takes(s *jsonschema.Schema) string {
	switch {
	case len(s.AnyOf) > 0:
		return "a count or a percent"
	case s.Type == "array":
		return "a list"
	case s.Type == "string" && strings.Contains(s.Pattern, "ms|s"):
		return "a duration"
	case s.Type == "string":
		return "a text"
	case s.Type == "integer":
		return "a number"
	case s.Type == "boolean":
		return "true or false"
	default:
		return "an object"
	}
}

// meaning is a comment without the field's own name at its beginning.
func meaning(field, comment string) string {
	words := strings.Fields(comment)
	if len(words) > 1 && strings.EqualFold(words[0], field) {
		words = words[1:]
	}
	if len(words) > 1 && words[0] == "is" {
		words = words[1:]
	}
	return strings.Join(words, " ")
}

// annotationsTable lists what a person may write on a Deployment.
func annotationsTable(string) (string, error) {
	var out strings.Builder
	row(&out, "annotation", "value", "meaning")
	row(&out, "---", "---", "---")
	for _, a := range policy.Annotations() {
		row(&out, "`"+a.Key+"`", a.Values, a.Meaning)
	}
	return out.String(), nil
}

// handWordsTable lists what a person may write on a route.
func handWordsTable(string) (string, error) {
	var out strings.Builder
	row(&out, "annotation", "value", "meaning")
	row(&out, "---", "---", "---")
	for _, w := range route.HandWords() {
		row(&out, "`"+w.Key+"`", w.Values, w.Meaning)
	}
	return out.String(), nil
}
