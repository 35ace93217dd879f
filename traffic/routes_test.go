// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// A route carries what the target asks for, beside what others have there.
func TestTheSplitThatARouteIsToCarry(t *testing.T) {
	others := route.Split{}.With(route.Share{Deployment: "stock", Service: "stock", Canary: "stock-canary", Weight: 5})
	carried := others.With(route.Share{Deployment: "demo", Service: "demo", Canary: "demo-canary", Weight: 1})
	share := func(weight int, match string, mirror int) []route.Share {
		return []route.Share{{Deployment: "demo", Service: "demo", Canary: "demo-canary", Weight: weight, Match: match, Mirror: mirror}, others.Shares[0]}
	}
	for name, row := range map[string]struct {
		target rollout.Target
		want   []route.Share
	}{
		"no split":            {rollout.Target{Weight: 20, Mirror: 10}, others.Shares},
		"a split of nothing":  {rollout.Target{Split: true}, others.Shares},
		"a weight":            {rollout.Target{Split: true, Weight: 20}, share(20, "", 0)},
		"a match":             {rollout.Target{Split: true, Match: "header:a=b"}, share(0, "header:a=b", 0)},
		"copies alone":        {rollout.Target{Split: true, Mirror: 10}, share(0, "", 10)},
		"copies and a weight": {rollout.Target{Split: true, Weight: 20, Mirror: 10}, share(20, "", 10)},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, row.want, wanted(carried, "shop", "demo", rollout.State{Backends: []string{"demo"}}, row.target).Shares)
		})
	}
}
