// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// command builds the program that people run.
func command(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "evenkeel")
	fixture.Must(t, "", "go", "build", "-C", fixture.Root(), "-o", program, "./cmd/evenkeel")
	return program
}

func reinstall(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		out, err := fixture.Install()
		require.NoError(t, err, out)
	})
}

// Uninstalling in mid-canary leaves stable, and nothing of ours: not of one that
// promotes, and not of a StatefulSet, either.
func TestUninstalledInMidCanary(t *testing.T) {
	app := fixture.NewApp(t, "50%:pause,100%")
	app.Up()
	before, pods := app.Specs("service", "httproute", "deployment"), app.Pods("v1")
	stop := app.Load()
	app.Apply(app.Manifest("v2"))
	app.WaitForWeight(50)
	set := newSet(t, app)
	promoted := promoting(t)
	reinstall(t)
	fixture.Must(t, "", "helm", "uninstall", "evenkeel", "-n", fixture.System, "--wait", "--timeout", "120s")
	assert.Equal(t, rollout.RolledBack, app.State().Phase)
	assert.Equal(t, before, app.Specs("service", "httproute", "deployment"))
	assert.Equal(t, pods, app.Pods("v1"), "the same pods by name")
	assert.Equal(t, "service/demo\n", app.Kubectl("get", "services", "-o", "name"))
	for _, kind := range []string{"service", "httproute", "deployment"} {
		assert.Empty(t, app.Kubectl("get", kind, "demo", "-o", `jsonpath={.metadata.labels.evenkeel\.dev/in-flight}`), kind)
	}
	noneFailed(t, stop())
	promoted()
	set.waitFor(string(rollout.RolledBack))
	require.Eventually(t, func() bool { return set.pods() == "v1 v1" }, waitShort, pollShort)
	assert.Contains(t, app.Kubectl("get", "statefulset", "db", "-o", "jsonpath={.spec.updateStrategy}"), `"partition":0`)
}

// promoting is a release that is held in the middle of its promotion. What it gives
// asserts that it went back all the same.
func promoting(t *testing.T) (wentBack func()) {
	t.Helper()
	app := fixture.NewAppOf(t, t.Name()+"-promoting", "100%")
	app.Up()
	before, pods := app.Specs("service", "httproute"), app.Pods("v1")
	stop := app.Load()
	app.Apply(app.Manifest("v2"))
	app.WaitForPhase(rollout.Promoting)
	app.Kubectl("rollout", "pause", "deployment/demo")
	app.WaitFor("held", func(s rollout.State) bool { return s.Held && strings.Contains(s.Wait, "holds the rollout") })
	return func() {
		t.Helper()
		assert.Equal(t, rollout.RolledBack, app.State().Phase)
		assert.Equal(t, before, app.Specs("service", "httproute"))
		assert.Equal(t, pods, app.Pods("v1"), "the same pods by name")
		noneFailed(t, stop())
	}
}

// A person restores: with the managers by asking them, without them by hand.
func TestRestoredByAPerson(t *testing.T) {
	evenkeel := command(t)
	app := fixture.NewApp(t, "50%:pause,100%")
	app.Up()
	before, pods := app.Specs("service", "httproute", "deployment"), app.Pods("v1")
	stop := app.Load()
	app.Apply(app.Manifest("v2"))
	app.WaitForWeight(50)
	out, err := fixture.Run("", "kubectl", "-n", app.Namespace, "delete", "service", "demo-canary")
	require.Error(t, err)
	assert.Contains(t, out, "demo-canary leads traffic to a canary: deleting it would fail the canary's requests")
	out = fixture.Must(t, "", evenkeel, "restore", "-n", app.Namespace, "demo")
	assert.Contains(t, out, "a manager keeps the state: asking it")
	assert.Equal(t, rollout.RolledBack, app.State().Phase)
	assert.Equal(t, pods, app.Pods("v1"))

	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=retry")
	app.WaitForWeight(50)
	reinstall(t)
	fixture.Must(t, "", "kubectl", "-n", fixture.System, "delete", "deployment", "evenkeel", "--cascade=foreground", "--grace-period=1")
	out, err = fixture.Run("", evenkeel, "restore", "-n", app.Namespace)
	require.Error(t, err)
	assert.Contains(t, out, "no manager answers, and objects in flight wait for one")
	out = fixture.Must(t, "", evenkeel, "restore", "--all", "--delete-webhooks=evenkeel-evenkeel-system")
	assert.Contains(t, out, "deleting the webhook configurations")
	assert.Contains(t, out, "RolledBack")
	assert.Equal(t, before, app.Specs("service", "httproute", "deployment"))
	assert.Equal(t, pods, app.Pods("v1"))
	assert.Empty(t, app.Pods("v2"))
	assert.False(t, strings.Contains(app.Kubectl("get", "service,httproute", "-o", "yaml"), "evenkeel.dev/split"))
	noneFailed(t, stop())
}

// A state that nobody can read freezes the rollout where it stands: nothing is
// lost, a person is told what to type, and that leads back to stable.
func TestAStateThatCannotBeRead(t *testing.T) {
	app := fixture.NewApp(t, "50%:pause,100%")
	app.Up()
	before, pods := app.Specs("service", "httproute", "deployment"), app.Pods("v1")
	stop := app.Load()
	app.Apply(app.Manifest("v2"))
	app.WaitForWeight(50)
	set := newSet(t, app)
	configuration := "evenkeel-" + fixture.System
	fixture.Must(t, "", "kubectl", "delete", "mutatingwebhookconfiguration,validatingwebhookconfiguration", configuration)
	app.Kubectl("annotate", "deployment/demo", "statefulset/db", "--overwrite", `evenkeel.dev/rollout={"phase":`)
	out, err := fixture.Install()
	require.NoError(t, err, out)

	out, err = app.TryApply(app.Manifest("v3"))
	require.Error(t, err)
	assert.Contains(t, out, "nothing starts on top of that. Go back to stable first")
	app.Kubectl("label", "deployment", "demo", "evenkeel.dev/in-flight-", "touched=yes", "--overwrite")
	assert.Equal(t, `{"phase":`, app.Deployment().Annotations[rollout.StateAnnotation])
	assert.Equal(t, "true", app.Deployment().Labels[rollout.InFlightLabel])
	app.Told("RolloutFrozen Deployment demo .*evenkeel.dev/action=rollback")
	assert.Contains(t, app.Kubectl("get", "httproute", "demo", "-o", "jsonpath={.spec.rules[0].backendRefs}"), `"weight":50`)

	out, err = app.TryApply(set.manifest("v3"))
	require.Error(t, err)
	assert.Contains(t, out, "kubectl annotate statefulset -n "+app.Namespace+" db evenkeel.dev/action=rollback")
	assert.Equal(t, "v1 v2", set.pods(), "its gate is as it was")
	app.Told("RolloutFrozen StatefulSet db ")

	app.Kubectl("annotate", "deployment/demo", "statefulset/db", "evenkeel.dev/action=rollback")
	app.WaitForPhase(rollout.RolledBack)
	app.Apply(app.Manifest("v1"))
	assert.Equal(t, before, app.Specs("service", "httproute", "deployment"))
	assert.Equal(t, pods, app.Pods("v1"), "the same pods by name")
	set.waitFor(string(rollout.RolledBack))
	assert.Equal(t, "v1 v1", set.pods())
	noneFailed(t, stop())
}

// set is a StatefulSet beside the application, of which half of the pods are new.
type set struct{ batched }

func newSet(t *testing.T, app *fixture.App) set {
	t.Helper()
	s := set{batched{App: app, t: t, kind: "StatefulSet"}}
	app.Apply(s.manifest("v1"))
	app.Kubectl("rollout", "status", "statefulset/db", "--timeout=60s")
	app.Apply(s.manifest("v2"))
	s.waitFor("a person says so")
	return s
}

func (s set) manifest(version string) string {
	return s.batched.manifest(version, "name: demo\n", "name: db\n", "{app: demo}", "{app: db}")
}

// waitFor waits until its state has a text.
func (s set) waitFor(text string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		return strings.Contains(s.Kubectl("get", "statefulset", "db", "-o", `jsonpath={.metadata.annotations.evenkeel\.dev/rollout}`), text)
	}, waitShort, pollShort, text)
}

// pods are the versions of its pods, in their order.
func (s set) pods() string {
	s.t.Helper()
	return strings.ReplaceAll(s.Kubectl("get", "pods", "-l", "app=db", "-o", "jsonpath={.items[*].spec.containers[0].image}"), "evenkeel.local/demo:", "")
}
