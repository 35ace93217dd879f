// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ingress

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

func TestWhatSkipperCannotSay(t *testing.T) {
	const demo = "{name: demo}"
	weights := func(text string) string { return "zalando.org/backend-weights: '" + text + "'" }
	for name, row := range map[string]struct{ annotation, backends, match, says string }{
		"a host beside a header": {backends: demo, match: "host:a.b&header:a=1", says: `match: "host:a.b": a host stands alone, with nothing joined by "&"`},
		"no JSON": {annotation: weights("demo"), backends: demo,
			says: "annotation zalando.org/backend-weights: cannot read it: invalid character 'd' looking for beginning of value"},
		"a weight under nothing": {annotation: weights(`{"demo":-1}`), backends: demo,
			says: `annotation zalando.org/backend-weights: the weight -1 of Service "demo" is not a number from 0 to 1000000`},
		"the canary": {backends: demo + ", {name: demo-canary}",
			says: `path "/" of host "shop.example.com" leads to Service "demo-canary" itself, which a rollout keeps for the canary; take it out`},
		"twice": {backends: demo + ", " + demo,
			says: `path "/" of host "shop.example.com" leads to Service "demo" twice, so its weight would count twice; write it once`},
		"nothing here, something elsewhere": {annotation: weights(`{"stock":100}`), backends: demo + ", {name: stock}, {name: demo, path: /alone}",
			says: `path "/" of host "shop.example.com": its Services have weights at another path and none here; write the weights of all its Services in annotation zalando.org/backend-weights`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := skipper{}.Render(leadingTo(t, row.annotation, row.backends), route.Split{Shares: []route.Share{{Service: "demo", Canary: "demo-canary", Weight: 20, Match: row.match}}})
			assert.EqualError(t, err, row.says)
		})
	}
	backend := route.Object{"service": route.Object{"name": "demo"}}
	_, err := skipper{}.Render(route.Object{"spec": route.Object{"defaultBackend": backend}}, route.Split{Shares: []route.Share{{Service: "demo", Canary: "demo-canary"}}})
	assert.EqualError(t, err, `its defaultBackend leads to Service "demo", and weights divide paths alone; write a rule with path "/" instead`)
}

func TestServicesOfPaths(t *testing.T) {
	own := leadingTo(t, "", "{name: b}, {name: a}, {name: b}")
	own = route.With(own, route.Object{"service": route.Object{"name": "c"}}, "spec", "defaultBackend")
	assert.Equal(t, []string{"c", "b", "a"}, skipper{}.Services(own))
	assert.Equal(t, []string{"c", "b", "a"}, nginx{}.Services(own))
}
