// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
)

// evictedWithinABudget evicts a stable pod, as a drain does: where nothing may be
// missing that is refused, where one may be, stable is whole again afterwards.
func evictedWithinABudget(t *testing.T, app *fixture.App) {
	t.Helper()
	budget := func(unavailable int) {
		t.Helper()
		fixture.Must(t, fmt.Sprintf("{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: demo}, spec: {maxUnavailable: %d, selector: {matchLabels: {app: demo}}}}", unavailable),
			"kubectl", "-n", app.Namespace, "apply", "--server-side", "-f", "-")
		require.Eventually(t, func() bool {
			return app.Kubectl("get", "pdb", "demo", "-o", "jsonpath={.status.observedGeneration} {.status.disruptionsAllowed}") == fmt.Sprint(unavailable+1, " ", unavailable)
		}, waitShort, pollShort, "the budget of %d", unavailable)
	}
	stable, canary := app.Pods("v1"), app.Pods("v2")
	evict := func() (string, error) {
		return fixture.Run(fmt.Sprintf(`{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":%q,"namespace":%q}}`, stable[0], app.Namespace),
			"kubectl", "create", "--raw", fmt.Sprintf("/api/v1/namespaces/%s/pods/%s/eviction", app.Namespace, stable[0]), "-f", "-")
	}
	budget(0)
	out, err := evict()
	require.Error(t, err, out)
	assert.Contains(t, out, "disruption budget")
	assert.Equal(t, stable, app.Pods("v1"))
	budget(1)
	out, err = evict()
	require.NoError(t, err, out)
	require.Eventually(t, func() bool { return len(app.Pods("v1")) == 2 && !slices.Contains(app.Pods("v1"), stable[0]) }, waitShort, pollShort, "stable is whole again")
	app.Kubectl(append([]string{"wait", "pods", "--for=condition=Ready", "--timeout=60s"}, app.Pods("v1")...)...)
	assert.Equal(t, canary, app.Pods("v2"))
	app.Kubectl("delete", "pdb", "demo")
}
