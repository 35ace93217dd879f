// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jsontree

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"

	"github.com/tidwall/gjson"
)

// Node is a value. It may be used from one goroutine at a time, and nil is a
// value that is not there.
type Node struct {
	text string // as it was before anything below it changed
	read bool   // fields or items hold what text does
	// fields are those of an object, nil for all else.
	fields map[string]*Node
	items  []*Node
	list   bool
}

// New gives the value of a text, which must be valid JSON.
func New(text string) *Node { return &Node{text: text} }

// Parse gives the value of a text, or nil where that is no valid JSON.
func Parse(text string) *Node {
	if !gjson.Valid(text) {
		return nil
	}
	return New(text)
}

// look reads the node's own level. Of names that come twice the last counts.
func (n *Node) look() {
	if n == nil || n.read {
		return
	}
	n.read = true
	value := gjson.Parse(n.text)
	if n.list = value.IsArray(); value.IsObject() {
		n.fields = map[string]*Node{}
	}
	if !n.list && n.fields == nil {
		return
	}
	value.ForEach(func(key, item gjson.Result) bool {
		below := New(item.Raw)
		if n.list {
			n.items = append(n.items, below)
		} else {
			n.fields[key.String()] = below
		}
		return true
	})
}

// IsObject tells whether the value has fields.
func (n *Node) IsObject() bool {
	n.look()
	return n != nil && n.fields != nil
}

// IsList tells whether the value has items.
func (n *Node) IsList() bool {
	n.look()
	return n != nil && n.list
}

// Field gives a field of an object; nil where it is not there.
func (n *Node) Field(key string) *Node {
	if !n.IsObject() {
		return nil
	}
	return n.fields[key]
}

// Items gives the items of a list.
func (n *Node) Items() []*Node {
	if !n.IsList() {
		return nil
	}
	return n.items
}

// Absent tells that the value is not there, or is null.
func (n *Node) Absent() bool { return n == nil || n.text == "null" }

// String gives a text's characters; ok is false for all other values.
func (n *Node) String() (text string, ok bool) {
	if n == nil {
		return "", false
	}
	value := gjson.Parse(n.text)
	return value.Str, value.Type == gjson.String
}

// Set gives an object's field another value, which must be valid JSON.
func (n *Node) Set(key, text string) *Node {
	below := New(text)
	if n.IsObject() {
		n.fields[key] = below
	}
	return below
}

// Delete takes a field off an object.
func (n *Node) Delete(key string) {
	if n.IsObject() {
		delete(n.fields, key)
	}
}

// Equal tells whether a value below which nothing was changed is that of a text.
// Numbers are equal where they are written alike.
func (n *Node) Equal(text []byte) bool {
	if n == nil {
		return false
	}
	if n.text == string(text) {
		return true
	}
	if plain(n.text) && plain(string(text)) {
		return false
	}
	ours, err := decode([]byte(n.text))
	if err != nil {
		return false
	}
	theirs, err := decode(text)
	return err == nil && reflect.DeepEqual(ours, theirs)
}

// plain tells that a value is written in one way only: no object, no list, and
// nothing that is escaped.
func plain(text string) bool {
	return !strings.ContainsAny(text, "{[\\ \t\r\n")
}

func decode(text []byte) (any, error) {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	err := decoder.Decode(&value)
	return value, err
}
