// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jsontree_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/policy/jsontree"
)

// What is walked is what encoding/json reads.
func TestAWalkFindsWhatTheDecoderFinds(t *testing.T) {
	for _, text := range []string{
		`{"a":{"b":[1,{"name":"x\"\u00e9\ud83d\ude00"}],"k:{\"name\":\"app\"}":{"f:c":{}}},"":0,"a.b*?|#@":-1.5e3}`,
		` { "a" : [ ] , "b" : { } , "c" : null , "d" : "}" } `, `[true,false,null,"",[[]],{"a":{}}]`, `"text"`, `5`, `null`, `{"a":1,"a":2}`,
	} {
		var value any
		require.NoError(t, json.Unmarshal([]byte(text), &value))
		walk(t, value, jsontree.Parse(text))
	}
	assert.Nil(t, jsontree.Parse(`{"a":`))
	assert.Nil(t, jsontree.Parse(""))
}

func walk(t *testing.T, value any, n *jsontree.Node) {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	assert.Equal(t, value == nil, n.Absent())
	got, isText := n.String()
	switch at := value.(type) {
	case map[string]any:
		assert.True(t, n.IsObject())
		assert.Nil(t, n.Field("no such field"))
		for key, item := range at {
			walk(t, item, n.Field(key))
		}
	case []any:
		assert.True(t, n.IsList())
		require.Len(t, n.Items(), len(at))
		for i, item := range at {
			walk(t, item, n.Items()[i])
		}
	case string:
		assert.Equal(t, at, got)
		assert.True(t, isText)
		assert.True(t, n.Equal(text))
	default:
		assert.False(t, isText || n.IsObject() || n.IsList())
		assert.False(t, n.Equal([]byte(`"another"`)))
	}
}

func TestWhatIsNotThere(t *testing.T) {
	var none *jsontree.Node
	_, isText := none.String()
	assert.False(t, isText || none.IsObject() || none.IsList() || none.Equal([]byte("null")))
	assert.True(t, none.Absent())
	assert.Nil(t, none.Field("a"))
	assert.Nil(t, none.Items())
	none.Delete("a")
}

func TestFieldsAreSetAndTakenOff(t *testing.T) {
	n := jsontree.New(`{"a":{"b":1}}`)
	n.Set("c", `{"d":[2]}`)
	assert.True(t, n.Field("c").Field("d").Equal([]byte("[ 2 ]")))
	n.Delete("a")
	assert.Nil(t, n.Field("a"))
	assert.True(t, jsontree.New("9007199254740993").Equal([]byte("9007199254740993")))
	assert.False(t, jsontree.New("9007199254740993").Equal([]byte("9007199254740992")))
}
