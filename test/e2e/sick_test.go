// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// probed asks a pod each second, and believes its second no.
func probed(edits ...string) []string {
	return append(edits, "        env: ", "        readinessProbe: {httpGet: {path: /readyz, port: http}, periodSeconds: 1, timeoutSeconds: 3, failureThreshold: 2}\n        env: ")
}

// Pods that say in mid-step that they cannot take requests, which they answer all
// the same. One canary pod of two: that is told, and the release goes back at its
// deadline. A stable pod: no step goes on until it is back. Nobody sees any of it.
func TestPodsGetSickInMidStep(t *testing.T) {
	app := fixture.NewApp(t, "50%:pause,100%")
	app.Replicas = 4
	app.Apply(app.Routes())
	app.Apply(app.Manifest("v1", probed()...))
	app.Kubectl("rollout", "status", "deployment/demo", "--timeout=90s")
	before, stable := app.Specs("service", "httproute"), app.Pods("v1")
	stop := app.Load()

	app.Apply(app.Manifest("v2", probed("progressDeadlineSeconds: 30", "progressDeadlineSeconds: 15")...))
	waitForAPerson(app, 50)
	require.Len(t, app.Pods("v2"), 2)
	app.Unready(app.Pods("v2")[0])
	app.WaitFor("the canary's pods", func(s rollout.State) bool { return s.Wait == "the canary's pods are ready" })
	assert.Equal(t, "50 50", app.Weight(), "one pod serves what it had")
	assert.Regexp(t, `^waited 15s for this to happen: the canary's pods are ready; container "app" of pod "demo-[^"]+" runs, and is not ready$`, app.WaitForPhase(rollout.RolledBack).Reason)
	app.Told("CanaryUnready ")
	assert.Equal(t, stable, app.Pods("v1"), "the same pods by name")
	assert.Equal(t, before, app.Specs("service", "httproute"))

	app.Apply(app.Manifest("v3", probed("50%:pause", "10%:20s")...))
	app.WaitForWeight(10)
	app.Unready(stable[0])
	app.WaitFor("stable", func(s rollout.State) bool { return strings.Contains(s.Wait, "stable") })
	time.Sleep(2 * time.Second)
	state := app.State()
	assert.Equal(t, 10, state.Weight)
	assert.Equal(t, 0, state.Step, "the step does not go on")
	app.Ready(stable[0])
	app.WaitForPhase(rollout.Completed)
	assert.Len(t, app.Pods("v3"), 4)
	noneFailed(t, stop())
}

// When no canary pod is ready any more, the gateway has nobody for the canary's
// share: that fails until the share is gone, and nothing else does. Callers inside
// the cluster, whom the Service leads, see nothing.
func TestAllCanaryPodsGetSick(t *testing.T) {
	app := fixture.NewApp(t, "50%:pause,100%")
	app.Replicas = 3
	app.Apply(app.Routes())
	app.Apply(app.Manifest("v1", probed()...))
	app.Kubectl("rollout", "status", "deployment/demo", "--timeout=90s")
	before, stable := app.Specs("service", "httproute"), app.Pods("v1")
	stop := app.Load()
	_, inside := app.LoadInside()
	app.Apply(app.Manifest("v2", probed("progressDeadlineSeconds: 30", "progressDeadlineSeconds: 90")...))
	waitForAPerson(app, 50)
	require.Len(t, app.Pods("v2"), 2)
	for _, pod := range app.Pods("v2") {
		app.Unready(pod)
	}
	state := app.WaitFor("the way back", func(s rollout.State) bool { return s.Phase == rollout.RollingBack || s.Phase == rollout.RolledBack })
	assert.Regexp(t, `^no canary pod is ready while traffic goes to them; container "app" of pod "demo-[^"]+" runs, and is not ready; 2 of 2 pods are not ready$`, state.Reason)
	app.WaitForPhase(rollout.RolledBack)
	assert.Zero(t, app.Sample(2*time.Second).Failed, "the gap is over")
	assert.Equal(t, stable, app.Pods("v1"), "the same pods by name")
	assert.Equal(t, before, app.Specs("service", "httproute"))
	seen := stop()
	assert.Positive(t, seen.Requests-seen.Failed)
	for _, failure := range seen.Failures {
		assert.Contains(t, failure, "503 Service Unavailable", "the gateway's answer for a share without pods")
	}
	t.Logf("%d of %d requests met the gap", seen.Failed, seen.Requests)
	aside := inside()
	noneFailed(t, aside)
	assert.Equal(t, map[string]int{"v1": aside.Requests}, aside.Versions, "only stable")
}
