// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rewrite

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/policy"
)

func change(path string, value any) policy.Change { return policy.Change{Path: path, Value: value} }

func TestOnlyWhatIsMissingIsInserted(t *testing.T) {
	for name, row := range map[string]struct {
		in      string
		changes []policy.Change
		out     string
	}{
		"after the last entry of a block": {
			"spec:\n  replicas: 3 # three\n\n# the end\n", []policy.Change{change("/spec/minReadySeconds", 5)},
			"spec:\n  replicas: 3 # three\n  minReadySeconds: 5\n\n# the end\n",
		},
		"parents are made once": {
			"spec:\n  a: 1\nother: 2\n", []policy.Change{change("/spec/strategy/rollingUpdate/maxSurge", "25%"), change("/spec/strategy/rollingUpdate/maxUnavailable", 0)},
			"spec:\n  a: 1\n  strategy:\n    rollingUpdate:\n      maxSurge: 25%\n      maxUnavailable: 0\nother: 2\n",
		},
		"into an item of a list, indented or not": {
			"c:\n- name: a\n  ports:\n  - port: 1\n- name: b\n", []policy.Change{change("/c/0/x", true), change("/c/1/x", true)},
			"c:\n- name: a\n  ports:\n  - port: 1\n  x: true\n- name: b\n  x: true\n",
		},
		"into a flow": {
			"spec: {a: [1, '}'], b: \"}\"} # why\n", []policy.Change{change("/spec/c", map[string]any{"d": "e f"})},
			"spec: {a: [1, '}'], b: \"}\", c: {d: \"e f\"}} # why\n",
		},
		"into an empty flow":           {"a: {}\n", []policy.Change{change("/a/b", "25%")}, "a: {b: \"25%\"}\n"},
		"a comma at the end":           {"a: {b: 1,\n  }\n", []policy.Change{change("/a/c", 2)}, "a: {b: 1, c: 2\n  }\n"},
		"no newline at the end":        {"a:\n  b: 1", []policy.Change{change("/a/c", 2)}, "a:\n  b: 1\n  c: 2\n"},
		"lines that end as on Windows": {"a:\r\n  b: 1\r\nd: 1\r\n", []policy.Change{change("/a/c", 2)}, "a:\r\n  b: 1\r\n  c: 2\r\nd: 1\r\n"},
		"after a block of text": {
			"a:\n  b: |\n    x\n\n    y: 1\nd: 1\n", []policy.Change{change("/a/c", 2)}, "a:\n  b: |\n    x\n\n    y: 1\n  c: 2\nd: 1\n",
		},
		"JSON":                  {`{"a": {"b": "}\""}}`, []policy.Change{change("/a/c", map[string]any{"d": "e"})}, `{"a": {"b": "}\"", "c": {"d": "e"}}}`},
		"a key with a slash":    {"a:\n  b: 1\n", []policy.Change{change("/a/x.y~1z", "v")}, "a:\n  b: 1\n  x.y/z: v\n"},
		"what is there already": {"a: {b: 1} # as it was\n", []policy.Change{change("/a/b", 1)}, "a: {b: 1} # as it was\n"},
		"a quote within a word": {"a: {b: it's, c: 1}\n", []policy.Change{change("/a/d", 2)}, "a: {b: it's, c: 1, d: 2}\n"},
		"letters of many bytes": {"größe: {b: ü}\n", []policy.Change{change("/größe/d", 2)}, "größe: {b: ü, d: 2}\n"},
		"a brace in a comment":  {"a: {b: 1, # }\n  c: 2}\n", []policy.Change{change("/a/d", 2)}, "a: {b: 1, # }\n  c: 2, d: 2}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := Insert([]byte(row.in), row.changes)
			require.NoError(t, err)
			assert.Equal(t, row.out, string(out))
			again, err := Insert(out, row.changes)
			require.NoError(t, err)
			assert.Equal(t, row.out, string(again), "a second time changes nothing")
		})
	}
}

func TestWhatCannotBeWrittenIsLeftAlone(t *testing.T) {
	for in, says := range map[string]string{
		"a: 1\n":                       "cannot write /a/b: \"b\" is below a plain value",
		"a: {b: 2}\n":                  "cannot write /a/b: line 1 has another value already",
		"x: &x {c: 1}\na: *x\n":        "cannot write /a/b: line 2 is an alias, and what it stands for is used elsewhere too",
		"x: &x {c: 1}\na:\n  <<: *x\n": "cannot write /a/b: line 3 merges another object in",
		"":                             "cannot write /a/b: the document is empty",
		"a: [1]\n":                     "cannot write /a/b: there is no item \"b\"",
		"a: null\n":                    "cannot write /a/b: line 1 is no object to write into",
		"a: {b: }: c\n":                "yaml: ",
	} {
		out, err := Insert([]byte(in), []policy.Change{change("/a/b", 1)})
		require.ErrorContains(t, err, says, in)
		assert.Nil(t, out)
	}
}

func FuzzInsert(f *testing.F) {
	for _, seed := range []string{"a:\n  b: 1\n", "a: {b: 1}\n", "a:\n- b: |\n    x\n", `{"a": {"b": "c"}}`, "a: {b: it's, c: '}'}\n# x\n", "? a\n: b\n", "a: &x {}\nb: *x", "\ta: 1"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		changes := []policy.Change{change("/a/new", map[string]any{"x": 1}), change("/spec/strategy", "y")}
		out, err := Insert(text, changes)
		if err != nil {
			return
		}
		again, err := Insert(out, changes) // what came out is what was meant, or Insert says so
		require.NoError(t, err)
		require.Equal(t, string(out), string(again))
	})
}
