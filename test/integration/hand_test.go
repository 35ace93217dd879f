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

// A GRPCRoute is divided in the same way; the group's route keeps its methods.
func TestAGRPCRouteDividedByHand(t *testing.T) {
	app := fixture.NewApp(t, "")
	app.GRPC = true
	app.Apply(app.Routes())
	before := app.Specs("grpcroute")
	pair(app, "grpcroute", "evenkeel.dev/canary-weight=30")
	weights := func() string {
		return app.Kubectl("get", "grpcroute", "demo", "-o", "jsonpath={.spec.rules[0].backendRefs[*].weight}")
	}
	assert.Equal(t, "70 30", weights())
	app.Apply(app.Routes())
	assert.Equal(t, "70 30", weights(), "whoever applies the route again keeps it divided")

	pair(app, "grpcroute", "evenkeel.dev/canary-weight=0", "evenkeel.dev/match=header:x-group=beta")
	require.Eventually(t, func() bool {
		out, err := fixture.Run("", "kubectl", "-n", app.Namespace, "get", "grpcroute", "demo-next", "-o", "jsonpath={.spec.rules[0].matches[0].headers[0].value} {.spec.rules[0].backendRefs[0].name} {.metadata.ownerReferences[0].kind}")
		return err == nil && out == "beta demo-next GRPCRoute"
	}, 20*time.Second, 200*time.Millisecond, "the group's route")
	method := "jsonpath={.spec.rules[0].matches[0].method}"
	assert.Equal(t, app.Kubectl("get", "grpcroute", "demo", "-o", method), app.Kubectl("get", "grpcroute", "demo-next", "-o", method))

	unpair(app, "grpcroute")
	assert.Equal(t, before, app.Specs("grpcroute"))
	require.Eventually(t, func() bool {
		return app.Kubectl("get", "grpcroutes", "-o", "name") == "grpcroute.gateway.networking.k8s.io/demo\n"
	}, 20*time.Second, 200*time.Millisecond)
}

// An Ingress is divided in the words of its controller: by an Ingress beside it, or
// in the same write.
func TestAnIngressDividedByHand(t *testing.T) {
	for name, row := range map[string]struct {
		controller string
		at         string   // what its own words are
		shows      []string // none where it stays as it is
		beside     bool
	}{
		"nginx":   {controller: "k8s.io/ingress-nginx", at: "{.metadata.annotations.nginx\\.ingress\\.kubernetes\\.io/canary}", beside: true},
		"alb":     {controller: "ingress.k8s.aws/alb", at: "{.metadata.annotations.alb\\.ingress\\.kubernetes\\.io/actions\\.demo}", shows: []string{`"serviceName":"demo-next"`, `"weight":30`, `"weight":70`}},
		"skipper": {controller: "zalando.org/skipper", at: "{.metadata.annotations.zalando\\.org/backend-weights}", shows: []string{`{"demo":70,"demo-next":30}`}},
	} {
		t.Run(name, func(t *testing.T) {
			app := fixture.NewApp(t, "")
			app.Ingress = fixture.Plane{Class: app.Namespace}
			fixture.Must(t, "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: "+app.Namespace+"}\nspec: {controller: "+row.controller+"}\n", "kubectl", "apply", "-f", "-")
			t.Cleanup(func() { _, _ = fixture.Run("", "kubectl", "delete", "ingressclass", app.Namespace) })
			app.Apply(app.Routes())
			own := func() string {
				return app.Kubectl("get", "ingress", "demo", "-o", "jsonpath={.spec} {.metadata.annotations} {.metadata.labels}")
			}
			before := own()
			require.Eventually(t, func() bool { // admission's informers have the class
				out, err := fixture.Run("", pairing(app, "ingress", "evenkeel.dev/canary-weight=30")...)
				t.Log(out)
				return err == nil
			}, 20*time.Second, time.Second)
			shown := app.Kubectl("get", "ingress", "demo", "-o", "jsonpath="+row.at)
			for _, words := range row.shows {
				assert.Contains(t, shown, words)
			}
			assert.Equal(t, len(row.shows) == 0, shown == "", shown)
			if row.beside {
				require.Eventually(t, func() bool {
					out, err := fixture.Run("", "kubectl", "-n", app.Namespace, "get", "ingress", "demo-next", "-o",
						"jsonpath={.metadata.annotations.nginx\\.ingress\\.kubernetes\\.io/canary-weight} {.spec.rules[0].http.paths[0].backend.service.name} {.metadata.ownerReferences[0].kind}")
					return err == nil && out == "30 demo-next Ingress"
				}, 20*time.Second, 200*time.Millisecond, "the canary's Ingress")
			}

			unpair(app, "ingress")
			assert.Equal(t, before, own())
			require.Eventually(t, func() bool {
				return app.Kubectl("get", "ingresses", "-o", "name") == "ingress.networking.k8s.io/demo\n"
			}, 20*time.Second, 200*time.Millisecond)
		})
	}
}

// pairing is the command that divides a route by hand between demo and demo-next.
func pairing(app *fixture.App, kind string, more ...string) []string {
	return append([]string{"kubectl", "-n", app.Namespace, "annotate", kind, "demo", "--overwrite", "evenkeel.dev/stable-service=demo", "evenkeel.dev/canary-service=demo-next"}, more...)
}

func pair(app *fixture.App, kind string, more ...string) {
	app.Kubectl(pairing(app, kind, more...)[3:]...)
}

// unpair takes all of that off.
func unpair(app *fixture.App, kind string) {
	app.Kubectl("annotate", kind, "demo", "evenkeel.dev/stable-service-", "evenkeel.dev/canary-service-", "evenkeel.dev/canary-weight-", "evenkeel.dev/match-")
}
