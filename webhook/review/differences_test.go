// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package review

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/evenkeel-dev/evenkeel/policy"
)

func TestDifferences(t *testing.T) {
	from := tree{"gone": 1.0, "kept": tree{"same": "x", "other": 2.0}, "list": []any{tree{"a": 1.0}, "x"}, "short": []any{1.0}, "none": []any{}}
	for name, row := range map[string]struct {
		to   tree
		want []policy.Change
	}{
		"none": {from, nil},
		"of fields, of items, and of a list that grew": {
			tree{"kept": tree{"same": "x", "other": 3.0, "a/b": true}, "list": []any{tree{"a": 2.0}, "x"}, "short": []any{1.0, 2.0}, "none": []any{}},
			[]policy.Change{
				{Path: "/gone"}, {Path: "/kept/a~1b", Value: true}, {Path: "/kept/other", Value: 3.0},
				{Path: "/list/0/a", Value: 2.0}, {Path: "/short", Value: []any{1.0, 2.0}},
			},
		},
		"of kinds": {
			tree{"gone": tree{}, "kept": "text", "list": []any{}, "short": []any{"1"}, "none": nil},
			[]policy.Change{
				{Path: "/gone", Value: tree{}}, {Path: "/kept", Value: "text"}, {Path: "/list", Value: []any{}}, {Path: "/none"}, {Path: "/short/0", Value: "1"},
			},
		},
	} {
		assert.Equal(t, row.want, Differences(from, row.to), name)
	}
}
