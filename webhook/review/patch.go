// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package review

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/policy/jsontree"
)

// Operation is one operation of a JSON patch (RFC 6902).
type Operation struct {
	Op    string          `json:"op"`
	Path  string          `json:"path"`
	Value json.RawMessage `json:"value,omitempty"`
}

// Patch turns changes into the operations that make them on an object, given
// as its valid JSON: no operation where the object already shows the value,
// parents made once, and a test in front of what goes through an array. A later
// change of a path, or of one above it, takes the place of an earlier one.
func Patch(object []byte, changes []policy.Change) ([]Operation, error) {
	var ops []Operation
	work := jsontree.New(string(object))
	for _, change := range latest(changes) {
		value, err := textOf(change.Value)
		if err != nil {
			return nil, fmt.Errorf("cannot patch %s: %w", change.Path, err)
		}
		more, err := patchOne(work, change.Path, value)
		if err != nil {
			return nil, fmt.Errorf("cannot patch %s: %w", change.Path, err)
		}
		ops = append(ops, more...)
	}
	return ops, nil
}

// latest keeps, for each path, the last change, and drops those below a path
// that a later change replaces as a whole.
func latest(changes []policy.Change) []policy.Change {
	var out []policy.Change
	for i, change := range changes {
		replaced := false
		for _, later := range changes[i+1:] {
			if later.Path == change.Path || strings.HasPrefix(change.Path, later.Path+"/") {
				replaced = true
				break
			}
		}
		if !replaced {
			out = append(out, change)
		}
	}
	return out
}

// patchOne walks to the place of a change, and keeps work as it is after it. No
// value removes what is there.
func patchOne(work *jsontree.Node, path string, value json.RawMessage) ([]Operation, error) {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	var ops []Operation
	at := work
	for i, segment := range segments[:len(segments)-1] {
		next, err := child(at, unescape(segment))
		if err != nil {
			return nil, err
		}
		here := "/" + strings.Join(segments[:i+1], "/")
		if at.IsList() {
			ops = append(ops, testItem(here, next)...)
		}
		if next.Absent() {
			if value == nil {
				return nil, nil
			}
			if at.IsList() {
				return nil, fmt.Errorf("no item at %s", here)
			}
			next = at.Set(unescape(segment), "{}")
			ops = append(ops, Operation{Op: "add", Path: here, Value: json.RawMessage("{}")})
		}
		at = next
	}
	if !at.IsObject() {
		return nil, errors.New("the parent is not an object")
	}
	op, changed := set(at, unescape(segments[len(segments)-1]), path, value)
	if !changed {
		return nil, nil
	}
	return append(ops, op), nil
}

func set(parent *jsontree.Node, key, path string, value json.RawMessage) (Operation, bool) {
	old := parent.Field(key)
	switch {
	case value == nil && old == nil, value != nil && old.Equal(value):
		return Operation{}, false
	case value == nil:
		parent.Delete(key)
		return Operation{Op: "remove", Path: path}, true
	}
	parent.Set(key, string(value))
	if old != nil {
		return Operation{Op: "replace", Path: path, Value: value}, true
	}
	return Operation{Op: "add", Path: path, Value: value}, true
}

// child is the field or the item of a name; a field that is not there is nil.
func child(at *jsontree.Node, key string) (*jsontree.Node, error) {
	switch {
	case at.IsObject():
		return at.Field(key), nil
	case at.IsList():
		index, err := strconv.Atoi(key)
		if items := at.Items(); err == nil && index >= 0 && index < len(items) {
			return items[index], nil
		}
		return nil, fmt.Errorf("no item %q", key)
	default:
		return nil, fmt.Errorf("%q is below a plain value", key)
	}
}

// testItem makes sure that an array's item is the one that the plan saw.
func testItem(path string, item *jsontree.Node) []Operation {
	name, ok := item.Field("name").String()
	if !ok {
		return nil
	}
	text, _ := json.Marshal(name) // a string
	return []Operation{{Op: "test", Path: path + "/name", Value: text}}
}

// textOf writes a value; nil and what is written as null are no value.
func textOf(value any) (json.RawMessage, error) {
	if value == nil {
		return nil, nil
	}
	text, err := json.Marshal(value)
	if err != nil || string(text) == "null" {
		return nil, err
	}
	return text, nil
}

func unescape(segment string) string {
	return strings.ReplaceAll(strings.ReplaceAll(segment, "~1", "/"), "~0", "~")
}

// Escape writes a key as a segment of a JSON pointer.
func Escape(key string) string {
	return strings.ReplaceAll(strings.ReplaceAll(key, "~", "~0"), "/", "~1")
}

// AnnotationPath is where an object's annotation stands.
func AnnotationPath(key string) string { return "/metadata/annotations/" + Escape(key) }

// LabelPath is where an object's label stands.
func LabelPath(key string) string { return "/metadata/labels/" + Escape(key) }
