// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package review

import (
	"encoding/json"
	"math/rand"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// keys are few, so that changes meet; some need escapes in JSON or in a pointer.
var keys = []string{"a", "b", "a/b", "x~1y", `q"\`, "é😀", "name", "0"}

// scalars are values as API objects have them; one is too long for a float.
var scalars = []any{nil, true, "text", "<&>", json.Number("1"), json.Number("1.5"), json.Number("9007199254740993"), ""}

// tree is a JSON object as encoding/json reads it.
type tree = map[string]any

type world struct{ *rand.Rand }

func (w world) value(depth int) any {
	if depth == 0 || w.Intn(3) == 0 {
		return scalars[w.Intn(len(scalars))]
	}
	if w.Intn(4) == 0 {
		list := make([]any, w.Intn(3))
		for i := range list {
			list[i] = w.value(depth - 1)
		}
		return list
	}
	return w.object(depth)
}

func (w world) object(depth int) tree {
	object := tree{}
	for range w.Intn(5) {
		object[keys[w.Intn(len(keys))]] = w.value(depth - 1)
	}
	return object
}

func (w world) changes() []policy.Change {
	changes := make([]policy.Change, 1+w.Intn(6))
	for i := range changes {
		for range 1 + w.Intn(4) {
			changes[i].Path += "/" + Escape(keys[w.Intn(len(keys))])
		}
		if w.Intn(4) > 0 {
			changes[i].Value = w.value(2)
		}
	}
	return changes
}

// made is what changes make of an object, told plainly; ok is false where they
// cannot be made.
func made(object tree, changes []policy.Change) (ok bool) {
	for _, change := range latest(changes) {
		segments := strings.Split(change.Path[1:], "/")
		if !makeOne(object, segments, change.Value) {
			return false
		}
	}
	return true
}

func makeOne(at any, segments []string, value any) bool {
	key := unescape(segments[0])
	if list, isList := at.([]any); isList {
		index, err := strconv.Atoi(key)
		if err != nil || index >= len(list) || len(segments) == 1 {
			return false
		}
		if list[index] == nil {
			return value == nil
		}
		return makeOne(list[index], segments[1:], value)
	}
	object, isObject := at.(tree)
	switch {
	case !isObject:
		return false
	case len(segments) == 1 && value == nil:
		delete(object, key)
	case len(segments) == 1:
		object[key] = value
	default:
		if object[key] == nil {
			if value == nil {
				return true
			}
			object[key] = tree{}
		}
		return makeOne(object[key], segments[1:], value)
	}
	return true
}

// overlap tells whether a change goes below what another one sets.
func overlap(changes []policy.Change) bool {
	for _, one := range changes {
		for _, other := range changes {
			if strings.HasPrefix(other.Path, one.Path+"/") {
				return true
			}
		}
	}
	return false
}

// Of 5,000 random objects and changes: the patch does what the changes say,
// by somebody else's library, and there is nothing left to do after it.
func TestAPatchMakesItsChanges(t *testing.T) {
	w := world{rand.New(rand.NewSource(1))}
	patched, refused := 0, 0
	for range 5_000 {
		object, changes := w.object(4), w.changes()
		before, err := json.Marshal(object)
		require.NoError(t, err)
		ops, err := Patch(before, changes)
		if !made(object, changes) {
			refused++
			require.Error(t, err, "%s %v", before, changes)
			continue
		}
		require.NoError(t, err, "%s %v", before, changes)
		want, err := json.Marshal(object)
		require.NoError(t, err)
		got := before
		if len(ops) > 0 {
			patched++
			text, err := json.Marshal(ops)
			require.NoError(t, err)
			patch, err := jsonpatch.DecodePatch(text)
			require.NoError(t, err)
			got, err = patch.Apply(before)
			require.NoError(t, err, "%s of %s", text, before)
		}
		assert.JSONEq(t, string(want), string(got), "%s %v", before, changes)
		if overlap(changes) {
			continue
		}
		again, err := Patch(got, changes)
		require.NoError(t, err)
		require.Empty(t, again, "%s %v", before, changes)
	}
	assert.Greater(t, patched, 500)
	assert.Greater(t, refused, 500)
}

func FuzzPatch(f *testing.F) {
	f.Add([]byte(`{"a":{"b":[{"name":"x"}]}}`), "/a/b/0/c", []byte(`{"d":1}`))
	f.Add([]byte(`{}`), "/a~1b/c", []byte(`null`))
	f.Fuzz(func(t *testing.T, object []byte, path string, value []byte) {
		var tree map[string]any
		var v any
		if json.Unmarshal(object, &tree) != nil || tree == nil || json.Unmarshal(value, &v) != nil || !strings.HasPrefix(path, "/") {
			return
		}
		if strings.Contains(path+"/", "//") || !utf8.ValidString(path) { // keys that no field has and the other library reads in another way
			return
		}
		object, err := json.Marshal(tree) // as the API server writes
		require.NoError(t, err)
		changes := []policy.Change{{Path: path, Value: v}}
		ops, err := Patch(object, changes)
		if err != nil || len(ops) == 0 {
			return
		}
		text, err := json.Marshal(ops)
		require.NoError(t, err)
		patch, err := jsonpatch.DecodePatch(text)
		require.NoError(t, err)
		got, err := patch.Apply(object)
		require.NoError(t, err, "%s of %s", text, object)
		again, err := Patch(got, changes)
		require.NoError(t, err)
		require.Empty(t, again, "nothing is left to do")
	})
}

// What is longer than a float is written as it was.
func TestAPatchKeepsNumbers(t *testing.T) {
	ops, err := Patch([]byte(`{}`), []policy.Change{{Path: "/a", Value: json.RawMessage(`{"n":9007199254740993}`)}})
	require.NoError(t, err)
	assert.JSONEq(t, `{"n":9007199254740993}`, string(ops[0].Value))
	ops, err = Patch([]byte(`{"a":{"n":9007199254740992}}`), []policy.Change{{Path: "/a/n", Value: int64(9007199254740993)}})
	require.NoError(t, err)
	assert.Len(t, ops, 1)
}

func TestPatch(t *testing.T) {
	object := `{"metadata":{"name":"a"},"spec":{"list":[{"name":"x","p":1},{"name":"y"}],"keep":{"a":[1]}}}`
	for name, row := range map[string]struct {
		changes []policy.Change
		patch   string
		out     string
	}{
		"parents are made once": {
			[]policy.Change{{Path: "/metadata/labels/a~1b", Value: "1"}, {Path: "/metadata/labels/c", Value: "2"}},
			`[{"op":"add","path":"/metadata/labels","value":{}},{"op":"add","path":"/metadata/labels/a~1b","value":"1"},{"op":"add","path":"/metadata/labels/c","value":"2"}]`,
			`{"metadata":{"name":"a","labels":{"a/b":"1","c":"2"}},"spec":{"list":[{"name":"x","p":1},{"name":"y"}],"keep":{"a":[1]}}}`,
		},
		"an item of a list is made sure of": {
			[]policy.Change{{Path: "/spec/list/1/p", Value: 2}},
			`[{"op":"test","path":"/spec/list/1/name","value":"y"},{"op":"add","path":"/spec/list/1/p","value":2}]`,
			`{"metadata":{"name":"a"},"spec":{"list":[{"name":"x","p":1},{"name":"y","p":2}],"keep":{"a":[1]}}}`,
		},
		"what is so already is left":  {[]policy.Change{{Path: "/spec/list/0/p", Value: 1}, {Path: "/spec/none"}, {Path: "/spec/no/such"}}, "null", object},
		"a later change of the whole": {[]policy.Change{{Path: "/spec/keep/a", Value: 5}, {Path: "/spec/keep", Value: tree{"b": false}}}, `[{"op":"replace","path":"/spec/keep","value":{"b":false}}]`, `{"metadata":{"name":"a"},"spec":{"list":[{"name":"x","p":1},{"name":"y"}],"keep":{"b":false}}}`},
		"a field is removed":          {[]policy.Change{{Path: "/spec/keep"}}, `[{"op":"remove","path":"/spec/keep"}]`, `{"metadata":{"name":"a"},"spec":{"list":[{"name":"x","p":1},{"name":"y"}]}}`},
	} {
		t.Run(name, func(t *testing.T) {
			ops, err := Patch([]byte(object), row.changes)
			require.NoError(t, err)
			patch, err := json.Marshal(ops)
			require.NoError(t, err)
			assert.JSONEq(t, row.patch, string(patch))
			if row.patch == "null" {
				return
			}
			decoded, err := jsonpatch.DecodePatch(patch)
			require.NoError(t, err)
			out, err := decoded.Apply([]byte(object))
			require.NoError(t, err)
			assert.JSONEq(t, row.out, string(out))
		})
	}
	_, err := Patch([]byte(`{"a":"text"}`), []policy.Change{{Path: "/a/b", Value: 1}})
	require.Error(t, err)
}
