// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
)

// next is the second Service of a pair by hand.
const next = `{apiVersion: v1, kind: Service, metadata: {name: demo-next}, spec: {selector: {app: next}, ports: [{name: http, port: 80, targetPort: http}]}}`

// Two Deployments and two Services kept by hand: requests are divided as the
// route's annotations say, and none of them fails on the way there and back.
func TestAPairByHand(t *testing.T) {
	app := fixture.NewApp(t, "100%")
	app.Up()
	app.Apply(next)
	app.Apply(app.Manifest("v2", "name: demo\n", "name: next\n", "{app: demo}", "{app: next}"))
	app.Kubectl("rollout", "status", "deployment/next", "--timeout=60s")
	before := own(app)
	stop := app.Load()
	// says annotates the route, and waits until the data plane has followed.
	says := func(followed func() bool, words ...string) {
		t.Helper()
		app.Kubectl(append([]string{"annotate", "--overwrite", "httproute", "demo"}, words...)...)
		require.Eventually(t, followed, 20*time.Second, pollShort, "%s", words)
	}
	// only tells whether one version alone answers.
	only := func(version string) func() bool {
		return func() bool {
			seen := app.Sample(500 * time.Millisecond)
			return seen.Requests > 0 && seen.Versions[version] == seen.Requests
		}
	}
	says(func() bool { return app.Ask() == "v2" }, "evenkeel.dev/stable-service=demo", "evenkeel.dev/canary-service=demo-next", "evenkeel.dev/canary-weight=30", "evenkeel.dev/match=header:x-group=beta")
	seen := app.Sample(3 * time.Second)
	assert.InDelta(t, 30, seen.Share("v2"), 10, "%v", seen.Versions)
	group := app.Load("x-group: beta")
	says(only("v2"), "evenkeel.dev/canary-weight=100")
	seen = app.Sample(time.Second)
	assert.Equal(t, map[string]int{"v2": seen.Requests}, seen.Versions)
	onlyTheNew(t, group())
	says(only("v1"), "evenkeel.dev/stable-service-", "evenkeel.dev/canary-service-", "evenkeel.dev/canary-weight-", "evenkeel.dev/match-")
	seen = app.Sample(time.Second)
	assert.Equal(t, map[string]int{"v1": seen.Requests}, seen.Versions)
	assert.Equal(t, before, own(app))
	noneFailed(t, stop())
}
