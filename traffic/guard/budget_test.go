// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/evenkeel-dev/evenkeel/policy"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func at(namespace, name string) ID { return ID{"Deployment", namespace, name} }

func has() seat { return seat{has: true} }

// asks is one that asks for so many minutes.
func asks(minutes int) seat {
	return seat{asks: true, since: noon.Add(-time.Duration(minutes) * time.Minute)}
}

func TestSeating(t *testing.T) {
	const cluster, inA = "a place for releases in the cluster is free (budget.cluster: 2)", `a place for releases in namespace "a" is free (budget.namespace: 1)`
	a1, a2, b1, b2 := at("a", "1"), at("a", "2"), at("b", "1"), at("b", "2")
	for name, row := range map[string]struct {
		seats  map[ID]seat
		budget policy.Budget
		given  []ID
		waits  map[ID]string
	}{
		"no budget": {map[ID]seat{a1: has(), a2: asks(1)}, policy.Budget{}, []ID{a2}, map[ID]string{}},
		"room":      {map[ID]seat{a1: has(), a2: asks(1)}, policy.Budget{Cluster: 2}, []ID{a2}, map[ID]string{}},
		"full":      {map[ID]seat{a1: has(), b1: has(), a2: asks(1)}, policy.Budget{Cluster: 2}, nil, map[ID]string{a2: cluster}},
		"more than there are, after the budget was cut": {map[ID]seat{a1: has(), b1: has(), b2: has(), a2: asks(1)}, policy.Budget{Cluster: 2}, nil, map[ID]string{a2: cluster}},
		"the oldest first":                         {map[ID]seat{a1: has(), a2: asks(1), b1: asks(3), b2: asks(2)}, policy.Budget{Cluster: 2}, []ID{b1}, map[ID]string{a2: cluster, b2: cluster}},
		"of the same age by their names":           {map[ID]seat{b2: asks(1), b1: asks(1), a2: asks(1)}, policy.Budget{Cluster: 2}, []ID{a2, b1}, map[ID]string{b2: cluster}},
		"a full namespace holds no other":          {map[ID]seat{a1: has(), a2: asks(9), b1: asks(1)}, policy.Budget{Cluster: 2, Namespace: 1}, []ID{b1}, map[ID]string{a2: inA}},
		"one that cannot use a place holds nobody": {map[ID]seat{a1: has(), a2: {since: noon.Add(-time.Hour)}, b1: asks(1)}, policy.Budget{Cluster: 2}, []ID{b1}, map[ID]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			given, waits := seating(row.seats, row.budget)
			assert.Equal(t, row.given, given)
			assert.Equal(t, row.waits, waits)
		})
	}
}

// Whatever the budget: places that are free and that somebody could use are never
// left, none is given twice, and the kind of a workload makes no difference.
func TestSeatingLeavesNoPlace(t *testing.T) {
	for most := 1; most <= 6; most++ {
		seats := map[ID]seat{}
		for i := range 12 {
			seats[ID{[]string{"Deployment", "StatefulSet"}[i%2], fmt.Sprint("n", i%3), fmt.Sprint(i)}] = []seat{has(), asks(i), asks(20 - i)}[i%3]
		}
		given, waits := seating(seats, policy.Budget{Cluster: most})
		assert.Len(t, given, max(0, most-4))
		assert.Len(t, waits, 8-len(given))
	}
}
