// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package review

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// Differences are the changes that make one JSON object, as encoding/json reads it, of
// another: as deep as both are objects, or lists of one length.
func Differences(from, to map[string]any) []policy.Change { return differences("", from, to) }

func differences(at string, from, to any) []policy.Change {
	a, isObject := from.(map[string]any)
	b, both := to.(map[string]any)
	if isObject && both {
		var changes []policy.Change
		for _, key := range slices.Sorted(maps.Keys(a)) {
			if _, kept := b[key]; !kept {
				changes = append(changes, policy.Change{Path: at + "/" + Escape(key)})
			}
		}
		for _, key := range slices.Sorted(maps.Keys(b)) {
			if old, there := a[key]; !there {
				changes = append(changes, policy.Change{Path: at + "/" + Escape(key), Value: b[key]})
			} else {
				changes = append(changes, differences(at+"/"+Escape(key), old, b[key])...)
			}
		}
		return changes
	}
	if x, y := list(from), list(to); len(x) > 0 && len(x) == len(y) {
		var changes []policy.Change
		for i := range x {
			changes = append(changes, differences(fmt.Sprintf("%s/%d", at, i), x[i], y[i])...)
		}
		return changes
	}
	if reflect.DeepEqual(from, to) {
		return nil
	}
	return []policy.Change{{Path: at, Value: to}}
}

func list(value any) []any {
	out, _ := value.([]any)
	return out
}
