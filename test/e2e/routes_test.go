// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

const (
	waitShort = 60 * time.Second
	pollShort = 250 * time.Millisecond
)

// second is another Service of the same pods, with a route and a host of its own.
const second = `{apiVersion: v1, kind: Service, metadata: {name: admin}, spec: {selector: {app: demo}, ports: [{name: web, port: 8081, targetPort: http}]}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: admin}
spec:
  parentRefs: [{name: demo}]
  hostnames: [admin.%[1]s.example]
  rules:
  - matches: [{path: {type: PathPrefix, value: /}}]
    backendRefs: [{name: admin, port: 8081}]
`

// shared is a route of two Deployments.
const shared = `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: demo}
spec:
  parentRefs: [{name: demo}]
  hostnames: [%[1]s.example]
  rules:
  - backendRefs: [{name: demo, port: 80, weight: 6}, {name: other, port: 80, weight: 2}]
---
{apiVersion: v1, kind: Service, metadata: {name: other}, spec: {selector: {app: other}, ports: [{port: 80, targetPort: http}]}}
`

func refs(app *fixture.App, route string) string {
	return app.Kubectl("get", "httproute", route, "-o", "jsonpath={range .spec.rules[0].backendRefs[*]}{.name}={.weight} {end}")
}

// All routes and Services that lead to a Deployment are found by reference, and
// divided together.
func TestSeveralRoutesAndServices(t *testing.T) {
	app := fixture.NewApp(t, "50%:pause,100%")
	app.Up()
	app.Apply(fmt.Sprintf(second, app.Namespace))
	require.Eventually(t, func() bool { return app.AskHost("admin."+app.Namespace+".example") == "v1" }, waitShort, pollShort)
	before := refs(app, "demo") + refs(app, "admin") + app.Kubectl("get", "service", "demo", "admin", "-o", "jsonpath={.items[*].spec.selector}")
	stop := app.Load()
	app.Apply(app.Manifest("v2"))
	waitForAPerson(app, 50)
	assert.Equal(t, "demo=50 demo-canary=50 ", refs(app, "demo"))
	assert.Equal(t, "admin=50 admin-canary=50 ", refs(app, "admin"))
	versions := map[string]bool{}
	for range 20 {
		versions[app.AskHost("admin."+app.Namespace+".example")] = true
	}
	assert.Equal(t, map[string]bool{"v1": true, "v2": true}, versions)
	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=continue")
	app.WaitForPhase(rollout.Completed)
	assert.Equal(t, before, refs(app, "demo")+refs(app, "admin")+app.Kubectl("get", "service", "demo", "admin", "-o", "jsonpath={.items[*].spec.selector}"))
	assert.Equal(t, "service/admin\nservice/demo\n", app.Kubectl("get", "services", "-o", "name"))

	app.Apply(app.Manifest("v3", released("canary", "evenkeel.dev/route: httproute/demo")...))
	waitForAPerson(app, 50)
	assert.Equal(t, "demo=50 demo-canary=50 ", refs(app, "demo"), "the one that is named")
	for range 10 {
		assert.Equal(t, "v2", app.AskHost("admin."+app.Namespace+".example"), "the other one leads to stable")
	}
	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=rollback")
	app.WaitForPhase(rollout.RolledBack)
	assert.Equal(t, before, refs(app, "demo")+refs(app, "admin")+app.Kubectl("get", "service", "demo", "admin", "-o", "jsonpath={.items[*].spec.selector}"))
	noneFailed(t, stop())
}

// Two Deployments share a route, and each divides its own share of it.
func TestTwoDeploymentsOnOneRoute(t *testing.T) {
	app := fixture.NewApp(t, "50%:pause,100%")
	app.Up()
	app.Apply(fmt.Sprintf(shared, app.Namespace))
	other := func(version string) string {
		return app.Manifest(version, "name: demo\n", "name: other\n", "{app: demo}", "{app: other}")
	}
	app.Apply(other("v1"))
	app.Kubectl("rollout", "status", "deployment/other", "--timeout=60s")
	before := refs(app, "demo")
	stop := app.Load()
	app.Apply(app.Manifest("v2"))
	waitForAPerson(app, 50)
	assert.Equal(t, "demo=300 demo-canary=300 other=200 ", refs(app, "demo"))
	app.Apply(other("v3"))
	require.Eventually(t, func() bool { return strings.Contains(refs(app, "demo"), "other-canary") }, waitShort, pollShort)
	assert.Equal(t, "demo=300 demo-canary=300 other=100 other-canary=100 ", refs(app, "demo"))
	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=rollback")
	app.WaitForPhase(rollout.RolledBack)
	assert.Equal(t, "demo=600 other=100 other-canary=100 ", refs(app, "demo"))
	require.Eventually(t, func() bool {
		return strings.Contains(app.Kubectl("get", "deployment", "other", "-o", `jsonpath={.metadata.annotations.evenkeel\.dev/rollout}`), "a person says so")
	}, waitShort, pollShort)
	app.Kubectl("annotate", "deployment", "other", "evenkeel.dev/action=continue")
	require.Eventually(t, func() bool {
		return strings.Contains(app.Kubectl("get", "deployment", "other", "-o", `jsonpath={.metadata.annotations.evenkeel\.dev/rollout}`), string(rollout.Completed))
	}, waitShort, pollShort)
	assert.Equal(t, before, refs(app, "demo"))
	noneFailed(t, stop())
}
