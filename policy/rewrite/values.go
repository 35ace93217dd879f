// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rewrite

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v3"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// plain gives a value as a YAML parser would read it.
func plain(value any) (any, error) {
	text, err := stdjson.Marshal(value)
	if err != nil {
		return nil, err
	}
	var out any
	err = yaml.Unmarshal(text, &out)
	return out, err
}

// expected is the document's object with what changes set.
func expected(document []byte, changes []policy.Change) (any, error) {
	var object any
	if err := yaml.Unmarshal(document, &object); err != nil {
		return nil, err
	}
	for _, change := range changes {
		value, err := plain(change.Value)
		if err != nil {
			return nil, err
		}
		if object, err = with(object, segments(change.Path), value); err != nil {
			return nil, fmt.Errorf("cannot write %s: %w", change.Path, err)
		}
	}
	return object, nil
}

// with gives an object with a value at a path; missing parents are made.
func with(at any, path []string, value any) (any, error) {
	if len(path) == 0 {
		return value, nil
	}
	switch node := at.(type) {
	case nil:
		below, err := with(nil, path[1:], value)
		return map[string]any{path[0]: below}, err
	case map[string]any:
		below, err := with(node[path[0]], path[1:], value)
		out := maps.Clone(node)
		out[path[0]] = below
		return out, err
	case []any:
		out := slices.Clone(node)
		var index int
		if _, err := fmt.Sscanf(path[0], "%d", &index); err != nil || index < 0 || index >= len(out) {
			return nil, fmt.Errorf("there is no item %q", path[0])
		}
		below, err := with(out[index], path[1:], value)
		out[index] = below
		return out, err
	default:
		return nil, fmt.Errorf("%q is below a plain value", path[0])
	}
}

// flow writes a value on one line, as YAML or as JSON.
func flow(value any, quoted bool) string {
	switch v := value.(type) {
	case map[string]any:
		var parts []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, flow(key, quoted)+": "+flow(v[key], quoted))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		var parts []string
		for _, item := range v {
			parts = append(parts, flow(item, quoted))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case string:
		if !quoted && !strings.ContainsAny(v, ",[]{}#&*!|>'\"%@`: ") {
			if text, err := yaml.Marshal(v); err == nil && strings.TrimSpace(string(text)) == v {
				return v
			}
		}
	}
	text, _ := stdjson.Marshal(value) // what came out of JSON
	return string(text)
}

// json tells a document that is JSON, whose keys are in quotes.
func json(text []byte) bool {
	trimmed := bytes.TrimSpace(text)
	return len(trimmed) > 0 && trimmed[0] == '{' && stdjson.Valid(trimmed)
}

func decodeRune(text []byte) (rune, int) { return utf8.DecodeRune(text) }
