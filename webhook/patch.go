// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// operation is one operation of a JSON patch (RFC 6902).
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

// tree is a JSON object as encoding/json reads it.
type tree = map[string]any

// buildPatch turns changes into the operations that make them on an object: no
// operation where the object already shows the value, parents made once, and a
// test in front of what goes through an array. A later change of a path, or of
// one above it, takes the place of an earlier one.
func buildPatch(object tree, changes []policy.Change) ([]operation, error) {
	var ops []operation
	work := cloneTree(object)
	for _, change := range latest(changes) {
		value, err := normal(change.Value)
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

// patchOne walks to the place of a change, and keeps work as it is after it.
func patchOne(work tree, path string, value any) ([]operation, error) {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	var ops []operation
	var node any = work
	for i, segment := range segments[:len(segments)-1] {
		next, found, err := child(node, unescape(segment))
		if err != nil {
			return nil, err
		}
		here := "/" + strings.Join(segments[:i+1], "/")
		if list, isItem := node.([]any); isItem && found {
			ops = append(ops, testItem(here, list, segment)...)
		}
		if !found || next == nil {
			if value == nil {
				return nil, nil
			}
			parent, ok := node.(tree)
			if !ok {
				return nil, fmt.Errorf("no item at %s", here)
			}
			next = tree{}
			parent[unescape(segment)] = next
			ops = append(ops, operation{Op: "add", Path: here, Value: tree{}})
		}
		node = next
	}
	parent, ok := node.(tree)
	if !ok {
		return nil, fmt.Errorf("the parent is not an object")
	}
	op, changed := set(parent, unescape(segments[len(segments)-1]), path, value)
	if !changed {
		return nil, nil
	}
	return append(ops, op), nil
}

func set(parent tree, key, path string, value any) (operation, bool) {
	old, exists := parent[key]
	switch {
	case value == nil && !exists, value != nil && reflect.DeepEqual(old, value):
		return operation{}, false
	case value == nil:
		delete(parent, key)
		return operation{Op: "remove", Path: path}, true
	case exists:
		parent[key] = value
		return operation{Op: "replace", Path: path, Value: value}, true
	default:
		parent[key] = value
		return operation{Op: "add", Path: path, Value: value}, true
	}
}

// testItem makes sure that an array's item is the one that the plan saw.
func testItem(path string, list []any, segment string) []operation {
	index, err := strconv.Atoi(segment)
	if err != nil || index >= len(list) {
		return nil
	}
	item, _ := list[index].(tree)
	if name, ok := item["name"].(string); ok {
		return []operation{{Op: "test", Path: path + "/name", Value: name}}
	}
	return nil
}

func child(node any, key string) (value any, found bool, err error) {
	switch at := node.(type) {
	case tree:
		value, found = at[key]
		return value, found, nil
	case []any:
		index, err := strconv.Atoi(key)
		if err != nil || index < 0 || index >= len(at) {
			return nil, false, fmt.Errorf("no item %q", key)
		}
		return at[index], true, nil
	default:
		return nil, false, fmt.Errorf("%q is below a plain value", key)
	}
}

// normal gives a value as encoding/json would read it back, so that it compares.
func normal(value any) (any, error) {
	if value == nil {
		return nil, nil
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var out any
	err = json.Unmarshal(text, &out)
	return out, err
}

func cloneTree(object tree) tree {
	copied, _ := cloneValue(object).(tree)
	return copied
}

func cloneValue(value any) any {
	switch at := value.(type) {
	case tree:
		out := make(tree, len(at))
		for key, item := range at {
			out[key] = cloneValue(item)
		}
		return out
	case []any:
		out := make([]any, len(at))
		for i, item := range at {
			out[i] = cloneValue(item)
		}
		return out
	default:
		return value
	}
}

func unescape(segment string) string {
	return strings.ReplaceAll(strings.ReplaceAll(segment, "~1", "/"), "~0", "~")
}

// escape writes a key as a segment of a JSON pointer.
func escape(key string) string {
	return strings.ReplaceAll(strings.ReplaceAll(key, "~", "~0"), "/", "~1")
}
