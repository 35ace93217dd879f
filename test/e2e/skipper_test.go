// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
	"github.com/evenkeel-dev/evenkeel/test/load"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// sampled is how long shares are looked at: about 1500 requests.
const sampled = 6 * time.Second

// skipperApp is an application that Skipper leads to. Skipper divides by a throw
// of dice for each request, where Traefik deals the requests out in turn.
func skipperApp(t *testing.T, steps string) *fixture.App {
	t.Helper()
	app := fixture.NewApp(t, steps)
	app.Ingress = fixture.Skipper(t)
	app.Replicas = 4
	app.Up()
	return app
}

// thrown asserts that version 2 has a percentage of the requests, within five
// standard deviations of as many throws: chance alone is farther off once in 1.7
// million samples.
func thrown(t *testing.T, percent float64, seen load.Counts) {
	t.Helper()
	require.Greater(t, seen.Requests, 300)
	assert.Zero(t, seen.Failed, strings.Join(seen.Failures, "\n"))
	p, n := percent/100, float64(seen.Requests-seen.Failed)
	tolerance := 100 * 5 * math.Sqrt(p*(1-p)/n)
	t.Logf("share of v2: %.2f%% of %.0f requests; wanted %.0f%% within %.2f", seen.Share("v2"), n, percent, tolerance)
	assert.InDelta(t, percent, seen.Share("v2"), tolerance, "%v", seen.Versions)
}

// A canary by chance, to its end: each of its steps has its share, none of the
// requests fails, and the Ingress is its owner's again.
func TestSkipperCanary(t *testing.T) {
	app := skipperApp(t, "10%:pause,50%:pause,100%")
	before := app.Specs("service", "ingress")
	stop := app.Load()
	app.Apply(app.Manifest("v2"))
	for _, weight := range []int{10, 50} {
		waitForAPerson(app, weight)
		thrown(t, float64(weight), app.Sample(sampled))
		app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=continue")
	}
	app.WaitForPhase(rollout.Completed)
	thrown(t, 100, app.Sample(sampled))
	assert.Equal(t, before, app.Specs("service", "ingress"))
	assert.Equal(t, "", app.Kubectl("get", "ingress", "demo", "-o", `jsonpath={.metadata.annotations.zalando\.org/backend-weights}`))
	assert.Equal(t, "service/demo\n", app.Kubectl("get", "services", "-o", "name"), "the canary's Service is gone")
	noneFailed(t, stop())
}

// Half of the dice back to none: after a rollback no request gets the new version.
func TestSkipperRollback(t *testing.T) {
	app := skipperApp(t, "50%:pause,100%")
	before, pods := app.Specs("service", "ingress", "deployment"), app.Pods("v1")
	stop := app.Load()
	app.Apply(app.Manifest("v2"))
	waitForAPerson(app, 50)
	thrown(t, 50, app.Sample(sampled))
	app.Kubectl("rollout", "undo", "deployment/demo")
	app.WaitForPhase(rollout.RolledBack)
	thrown(t, 0, app.Sample(sampled))
	assert.Equal(t, before, app.Specs("service", "ingress", "deployment"))
	assert.Equal(t, pods, app.Pods("v1"), "stable's pods stayed")
	noneFailed(t, stop())
}

// A group gets the new version whole, at no weight and at one; the others get it
// by their dice alone.
func TestSkipperGroup(t *testing.T) {
	app := skipperApp(t, "0%/50%:pause,50%:pause,100%")
	stop, group := app.Load(), func() load.Counts { return load.Counts{} }
	app.Apply(app.Manifest("v2", released("canary", `evenkeel.dev/match: "header:x-group=beta;cookie:gray=always&header~:x-region=cn-.*"`)...))
	for _, weight := range []int{0, 50} {
		waitForAPerson(app, weight)
		for range 10 {
			assert.Equal(t, "v2", app.Ask("Cookie: a=1; gray=always", "x-region: cn-north"))
		}
		thrown(t, float64(weight), app.Sample(sampled))
		if weight == 0 {
			group = app.Load("x-group: beta")
			for range 5 {
				assert.Equal(t, "v1", app.Ask("x-group: alpha"))
				assert.Equal(t, "v1", app.Ask("Cookie: gray=always", "x-region: xcn-north"))
			}
		}
		app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=continue")
	}
	app.WaitForPhase(rollout.Completed)
	assert.Equal(t, "ingress.networking.k8s.io/demo\n", app.Kubectl("get", "ingresses", "-o", "name"), "those beside it are gone")
	noneFailed(t, stop())
	onlyTheNew(t, group())
}
