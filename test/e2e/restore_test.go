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

// Uninstalling in mid-canary leaves stable, and nothing of ours.
func TestUninstalledInMidCanary(t *testing.T) {
	app := fixture.NewApp(t, "50%:pause,100%")
	app.Up()
	before, pods := app.Specs("service", "httproute", "deployment"), app.Pods("v1")
	stop := app.Load()
	app.Apply(app.Manifest("v2"))
	app.WaitForWeight(50)
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
	configuration := "evenkeel-" + fixture.System
	fixture.Must(t, "", "kubectl", "delete", "mutatingwebhookconfiguration,validatingwebhookconfiguration", configuration)
	app.Kubectl("annotate", "deployment", "demo", "--overwrite", `evenkeel.dev/rollout={"phase":`)
	out, err := fixture.Install()
	require.NoError(t, err, out)

	out, err = app.TryApply(app.Manifest("v3"))
	require.Error(t, err)
	assert.Contains(t, out, "nothing starts on top of that. Go back to stable first")
	app.Kubectl("label", "deployment", "demo", "evenkeel.dev/in-flight-", "touched=yes", "--overwrite")
	assert.Equal(t, `{"phase":`, app.Deployment().Annotations[rollout.StateAnnotation])
	assert.Equal(t, "true", app.Deployment().Labels[rollout.InFlightLabel])
	assert.Contains(t, app.Kubectl("get", "events", "--field-selector", "reason=RolloutFrozen"), "evenkeel.dev/action=rollback")
	assert.Contains(t, app.Kubectl("get", "httproute", "demo", "-o", "jsonpath={.spec.rules[0].backendRefs}"), `"weight":50`)

	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=rollback")
	app.WaitForPhase(rollout.RolledBack)
	app.Apply(app.Manifest("v1"))
	assert.Equal(t, before, app.Specs("service", "httproute", "deployment"))
	assert.Equal(t, pods, app.Pods("v1"), "the same pods by name")
	noneFailed(t, stop())
}
