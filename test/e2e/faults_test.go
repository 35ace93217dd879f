// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// fault is something that happens to a cluster in the middle of a release. What a
// person says to the release has no name.
type fault struct {
	name string
	do   func(t *testing.T, app *fixture.App)
}

// quietly runs what may fail, as it does where a manager is just being killed.
func quietly(stdin string, args ...string) { _, _ = fixture.Run(stdin, args...) }

// The faults; each says what it asserts by itself.
var (
	leaderKilled  = fault{"the leader is killed", killLeader}
	bothKilled    = fault{"both managers are killed", killBoth}
	leaderChanges = fault{"the Lease is deleted", func(*testing.T, *fixture.App) { letGo() }}
	leaderHandsOn = fault{"the leader hands over", func(*testing.T, *fixture.App) {
		quietly("", "kubectl", "-n", fixture.System, "rollout", "restart", "deployment/evenkeel")
	}}
	apiKilled = fault{"the API server is killed", func(*testing.T, *fixture.App) {
		quietly("", filepath.Join(fixture.Root(), "bin", "cluster"), "restart", "kube-apiserver")
	}}
	routeApplied = fault{"the route is applied again", applyRoute}
	weightsTaken = fault{"the route's weights are taken away", func(_ *testing.T, app *fixture.App) {
		quietly("", "kubectl", "-n", app.Namespace, "patch", "httproute", "demo", "--type=merge", "-p", `{"spec":{"rules":[{"backendRefs":[{"name":"demo","port":80}]}]}}`)
	}}
	serviceWidened = fault{"the Service is widened", func(_ *testing.T, app *fixture.App) {
		quietly("", "kubectl", "-n", app.Namespace, "patch", "service", "demo", "--type=merge", "-p", `{"spec":{"selector":{"app":"demo","pod-template-hash":null}}}`)
	}}
	serviceDeleted = fault{"the canary's Service is deleted", deleteService}
)

// scaled is somebody, or an autoscaler, who wants another number of replicas.
func scaled(replicas int) fault {
	return fault{"it is scaled", func(_ *testing.T, app *fixture.App) {
		app.Insist("scale", "deployment", "demo", fmt.Sprint("--replicas=", replicas))
	}}
}

// letGo deletes the Lease: whoever asks first leads, where a dead leader's would
// have to run out first.
func letGo() {
	quietly("", "kubectl", "-n", fixture.System, "delete", "lease", "evenkeel", "--ignore-not-found")
}

func killLeader(*testing.T, *fixture.App) {
	holder, _ := fixture.Run("", "kubectl", "-n", fixture.System, "get", "lease", "evenkeel", "-o", "jsonpath={.spec.holderIdentity}")
	pod, _, _ := strings.Cut(holder, "_")
	quietly("", "kubectl", "-n", fixture.System, "delete", "pod", pod, "--grace-period=0", "--force")
	letGo()
}

// killBoth also replaces the pods, since a container that is killed often is not
// started again for long.
func killBoth(*testing.T, *fixture.App) {
	quietly("", "pkill", "-9", "-f", "^/evenkeel manager")
	quietly("", "kubectl", "-n", fixture.System, "delete", "pods", "-l", "app.kubernetes.io/name=evenkeel", "--grace-period=0", "--force")
	letGo()
}

// applyRoute applies what git has. As long as Evenkeel itself changes nothing
// meanwhile, the weights are what they were.
func applyRoute(t *testing.T, app *fixture.App) {
	t.Helper()
	kind := "httproute"
	if app.Ingress != (fixture.Plane{}) {
		kind = "ingress"
	}
	read := func() (split, rules string) {
		split, rules, _ = strings.Cut(app.Kubectl("get", kind, "demo", "-o", `jsonpath={.metadata.annotations.evenkeel\.dev/split}{"\n"}{.spec.rules}`), "\n")
		return split, rules
	}
	for range 3 {
		split, was := read()
		quietly(app.Routes(), "kubectl", "apply", "--server-side", "--field-manager=team", "-n", app.Namespace, "-f", "-")
		after, is := read()
		if split == after {
			assert.Equal(t, was, is, "the weights")
			return
		}
	}
}

// deleteService tries to delete the canary's Service, which is refused; where the
// canary has no traffic, its label is taken off, as the refusal says, and it goes.
func deleteService(t *testing.T, app *fixture.App) {
	t.Helper()
	service := []string{"kubectl", "-n", app.Namespace, "delete", "service", "demo-canary"}
	out, err := fixture.Run("", service...)
	if strings.Contains(out, "NotFound") || fixture.Unheard(out, err) {
		return
	}
	assert.Error(t, err, "it is guarded")
	assert.Contains(t, out, "demo-canary leads traffic to a canary: deleting it would fail the canary's requests")
	if state := app.State(); state.Stage == rollout.StageDwell && state.Weight == 0 {
		quietly("", "kubectl", "-n", app.Namespace, "label", "service", "demo-canary", "evenkeel.dev/role-")
		out, err = fixture.Run("", service...)
		assert.NoError(t, err, out)
	}
}
