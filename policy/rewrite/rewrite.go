// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rewrite

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v3"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// Insert puts what changes set into one document, where it is missing. A field
// that is there already with another value, and anything below an alias, is an
// error.
func Insert(document []byte, changes []policy.Change) ([]byte, error) {
	if rest := strings.ReplaceAll(string(document), "\r\n", "\n"); strings.ContainsAny(rest, "\r\u0085\u2028\u2029") {
		return nil, errors.New("cannot write the document: its lines end in more ways than one")
	}
	want, err := expected(document, changes)
	if err != nil {
		return nil, err
	}
	text := document
	for _, change := range changes {
		if text, err = insert(text, change); err != nil {
			return nil, fmt.Errorf("cannot write %s: %w", change.Path, err)
		}
	}
	var got any
	if err := yaml.Unmarshal(text, &got); err != nil || !reflect.DeepEqual(got, want) {
		return nil, errors.New("cannot write the document without changing more of it: write the fields by hand")
	}
	return text, nil
}

// insert puts one field into a document.
func insert(text []byte, change policy.Change) ([]byte, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, err
	}
	if len(root.Content) == 0 {
		return nil, errors.New("the document is empty")
	}
	at, path := root.Content[0], segments(change.Path)
	for len(path) > 0 {
		next, err := child(at, path[0])
		if err != nil {
			return nil, err
		}
		if next == nil {
			break
		}
		at, path = next, path[1:]
	}
	value, err := plain(change.Value)
	if err != nil {
		return nil, err
	}
	if len(path) == 0 {
		return text, same(at, value)
	}
	if at.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d is no object to write into", at.Line)
	}
	for i := len(path) - 1; i > 0; i-- {
		value = map[string]any{path[i]: value}
	}
	if at.Style&yaml.FlowStyle != 0 || len(at.Content) == 0 {
		return intoFlow(text, at, path[0], value)
	}
	return intoBlock(text, at, path[0], value)
}

func segments(pointer string) []string {
	parts := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, part := range parts {
		parts[i] = strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")
	}
	return parts
}

// child is the node of a key or an index; nil where there is none.
func child(at *yaml.Node, key string) (*yaml.Node, error) {
	switch at.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(at.Content); i += 2 {
			if at.Content[i].Tag == "!!merge" {
				return nil, fmt.Errorf("line %d merges another object in", at.Content[i].Line)
			}
			if at.Content[i].Value == key {
				return at.Content[i+1], nil
			}
		}
		return nil, nil
	case yaml.SequenceNode:
		index, err := strconv.Atoi(key)
		if err != nil || index < 0 || index >= len(at.Content) {
			return nil, fmt.Errorf("line %d has no item %q", at.Line, key)
		}
		return at.Content[index], nil
	case yaml.AliasNode:
		return nil, fmt.Errorf("line %d is an alias, and what it stands for is used elsewhere too", at.Line)
	default:
		return nil, fmt.Errorf("line %d is no object to write into", at.Line)
	}
}

// same refuses to write over another value.
func same(at *yaml.Node, value any) error {
	var have any
	if err := at.Decode(&have); err != nil {
		return err
	}
	if !reflect.DeepEqual(have, value) {
		return fmt.Errorf("line %d has another value already", at.Line)
	}
	return nil
}

// intoBlock writes an entry after the last one of a block.
func intoBlock(text []byte, at *yaml.Node, key string, value any) ([]byte, error) {
	last, indent := at.Content[len(at.Content)-2], at.Content[0].Column-1
	listed := at.Content[len(at.Content)-1].Kind == yaml.SequenceNode
	lines := bytes.SplitAfter(text, []byte("\n"))
	end := min(last.Line, len(lines)) // the line after the last key's, from 0
	for i := end; i < len(lines); i++ {
		depth, empty := depthOf(lines[i])
		if empty {
			continue
		}
		item := listed && depth == indent && bytes.HasPrefix(bytes.TrimLeft(lines[i], " "), []byte("-"))
		if depth <= indent && !item {
			break
		}
		end = i + 1
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(map[string]any{key: value}); err != nil {
		return nil, err
	}
	newline := []byte("\n")
	if bytes.Contains(text, []byte("\r\n")) {
		newline = []byte("\r\n")
	}
	head, tail := bytes.Join(lines[:end], nil), bytes.Join(lines[end:], nil)
	if !bytes.HasSuffix(head, []byte("\n")) {
		head = append(head, newline...)
	}
	for line := range bytes.Lines(out.Bytes()) {
		head = append(head, bytes.Repeat([]byte(" "), indent)...)
		head = append(append(head, bytes.TrimRight(line, "\n")...), newline...)
	}
	return append(head, tail...), nil
}

// depthOf is how far a line is indented; empty where it says nothing.
func depthOf(line []byte) (depth int, empty bool) {
	rest := bytes.TrimLeft(line, " ")
	trimmed := bytes.TrimSpace(rest)
	return len(line) - len(rest), len(trimmed) == 0 || trimmed[0] == '#'
}

// intoFlow writes an entry before the end of a flow mapping.
func intoFlow(text []byte, at *yaml.Node, key string, value any) ([]byte, error) {
	start := offset(text, at.Line, at.Column)
	end, err := closing(text, start)
	if err != nil {
		return nil, err
	}
	quoted := json(text)
	entry := flow(key, quoted) + ": " + flow(value, quoted)
	cut := start + len(bytes.TrimRight(text[start:end], " \t\r\n"))
	if len(at.Content) > 0 {
		entry = ", " + entry
		if text[cut-1] == ',' {
			entry = entry[1:]
		}
	}
	return append(append(append([]byte{}, text[:cut]...), entry...), text[cut:]...), nil
}

// offset is where a line and column of the parser, both from 1, are in a text.
func offset(text []byte, line, column int) int {
	at := 0
	for ; line > 1; line-- {
		at += bytes.IndexByte(text[at:], '\n') + 1
	}
	for ; column > 1 && at < len(text); column-- { // the parser counts characters
		_, size := decodeRune(text[at:])
		at += size
	}
	return at
}

// closing finds the end of the flow mapping that begins at a place.
func closing(text []byte, start int) (int, error) {
	depth, quote := 0, byte(0)
	for i := start; i < len(text); i++ {
		switch c := text[i]; {
		case quote == '"' && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case (c == '"' || c == '\'') && !wordBefore(text, i):
			quote = c
		case c == '#' && i > 0 && (text[i-1] == ' ' || text[i-1] == '\t' || text[i-1] == '\n'):
			for i < len(text) && text[i] != '\n' {
				i++
			}
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return i, nil
			}
		}
	}
	return 0, errors.New("its end was not found")
}

// wordBefore tells a quote inside a plain word, as in "it's".
func wordBefore(text []byte, i int) bool {
	return i > 0 && !bytes.ContainsRune([]byte(" \t\r\n{[,:"), rune(text[i-1]))
}
