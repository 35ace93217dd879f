// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
)

// Two Services kept by hand: the annotation divides the route in the same write,
// and gives it back when it goes.
func TestARouteDividedByHand(t *testing.T) {
	app := fixture.NewApp(t, "")
	app.Apply(app.Routes())
	before := app.Specs("httproute")
	app.Kubectl("annotate", "httproute", "demo", "evenkeel.dev/stable-service=demo", "evenkeel.dev/canary-service=demo-next", "evenkeel.dev/canary-weight=30")
	assert.Equal(t, "70 30", app.Weight())
	app.Apply(app.Routes())
	assert.Equal(t, "70 30", app.Weight(), "whoever applies the route again keeps it divided")

	app.Kubectl("annotate", "httproute", "demo", "--overwrite", "evenkeel.dev/canary-weight=100", "evenkeel.dev/match=header:x-group=beta")
	assert.Equal(t, "0 100", app.Weight())
	require.Eventually(t, func() bool {
		out, err := fixture.Run("", "kubectl", "-n", app.Namespace, "get", "httproute", "demo-next", "-o", "jsonpath={.spec.rules[0].matches[0].headers[0].value} {.spec.rules[0].backendRefs[0].name}")
		return err == nil && out == "beta demo-next"
	}, 20*time.Second, 200*time.Millisecond, "the group's route: %s", namesOf(app))

	refused, err := fixture.Run("", "kubectl", "-n", app.Namespace, "annotate", "httproute", "demo", "--overwrite", "evenkeel.dev/canary-weight=130")
	require.Error(t, err)
	assert.Contains(t, refused, `annotation evenkeel.dev/canary-weight: "130" is not a whole percent from 0 to 100`)
	refused, err = fixture.Run("", "kubectl", "-n", app.Namespace, "annotate", "httproute", "demo", "evenkeel.dev/canary-service-")
	require.Error(t, err)
	assert.Contains(t, refused, "name two Services: both are needed")

	app.Kubectl("annotate", "httproute", "demo", "evenkeel.dev/stable-service-", "evenkeel.dev/canary-service-", "evenkeel.dev/canary-weight-", "evenkeel.dev/match-")
	assert.Equal(t, before, app.Specs("httproute"))
	assert.Empty(t, app.Kubectl("get", "httproute", "demo", "-o", `jsonpath={.metadata.annotations.evenkeel\.dev/split}{.metadata.labels}`))
	require.Eventually(t, func() bool { return namesOf(app) == "httproute.gateway.networking.k8s.io/demo\n" }, 20*time.Second, 200*time.Millisecond)
}

func namesOf(app *fixture.App) string {
	out, _ := fixture.Run("", "kubectl", "-n", app.Namespace, "get", "httproutes", "-o", "name")
	return out
}
