// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"

	"github.com/tidwall/gjson"
)

// node is a value of a JSON object that is read one level at a time, where a
// patch goes. What nobody walks through stays text.
type node struct {
	text string // valid JSON, as it was before anything below it changed
	read bool   // fields or items hold what text does
	// fields are those of an object, nil for all else.
	fields map[string]*node
	items  []*node
	list   bool
}

// look reads the node's own level. Of names that come twice the last counts.
func (n *node) look() {
	if n.read {
		return
	}
	n.read = true
	value := gjson.Parse(n.text)
	if n.list = value.IsArray(); value.IsObject() {
		n.fields = map[string]*node{}
	}
	if !n.list && n.fields == nil {
		return
	}
	value.ForEach(func(key, item gjson.Result) bool {
		below := &node{text: item.Raw}
		if n.list {
			n.items = append(n.items, below)
		} else {
			n.fields[key.String()] = below
		}
		return true
	})
}

// child is the field or the item of a name; a field that is not there is nil.
func (n *node) child(key string) (*node, error) {
	n.look()
	switch {
	case n.fields != nil:
		return n.fields[key], nil
	case n.list:
		index, err := strconv.Atoi(key)
		if err != nil || index < 0 || index >= len(n.items) {
			return nil, fmt.Errorf("no item %q", key)
		}
		return n.items[index], nil
	default:
		return nil, fmt.Errorf("%q is below a plain value", key)
	}
}

// absent tells whether there is nothing to walk through.
func (n *node) absent() bool { return n == nil || n.text == "null" }

// name is the field by which lists tell their items apart, as text.
func (n *node) name() (string, bool) {
	n.look()
	if n.fields["name"] == nil {
		return "", false
	}
	name := gjson.Parse(n.fields["name"].text)
	return name.String(), name.Type == gjson.String
}

// holds tells whether a node below which nothing changed has a value.
func (n *node) holds(text []byte) bool {
	if n.text == string(text) {
		return true
	}
	ours, err := decodeValue([]byte(n.text))
	if err != nil {
		return false
	}
	theirs, err := decodeValue(text)
	return err == nil && reflect.DeepEqual(ours, theirs)
}

// decodeValue reads numbers as they are written.
func decodeValue(text []byte) (any, error) {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	err := decoder.Decode(&value)
	return value, err
}
