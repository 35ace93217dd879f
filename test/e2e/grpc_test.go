// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
	"github.com/evenkeel-dev/evenkeel/test/fixture/app/rpc"
	"github.com/evenkeel-dev/evenkeel/test/load"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// A canary of gRPC calls: each call is divided, also those of one connection; a
// group has its version; the route leads the one method that it matches; and after
// a release, and after one that went back, it is its owner's again.
func TestACanaryOfAGRPCRoute(t *testing.T) {
	app := fixture.NewApp(t, "20%:pause,50%:pause,100%")
	app.GRPC = true
	app.Up()
	assert.Contains(t, app.Kubectl("get", "pods", "-l", "app=demo", "-o", "jsonpath={.items[*].spec.containers[0].readinessProbe}"), `"grpc":{"port":8080`)
	before, conn, stop := app.Specs("service", "grpcroute"), app.Conn(), app.Load()
	group := released("canary", `evenkeel.dev/match: "header:x-group=beta"`)

	app.Apply(app.Manifest("v2", group...))
	for _, weight := range []int{20, 50} {
		waitForAPerson(app, weight)
		onlyTheMethod(t, app, conn, weight)
		grouped(t, conn, "v2")
		assert.Equal(t, map[string]bool{"v1": true, "v2": true}, answering(t, conn), "one connection")
		called(t, float64(weight), "v2", app.Sample(2*time.Second))
		app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=continue")
	}
	app.WaitForPhase(rollout.Completed)
	called(t, 100, "v2", app.Sample(time.Second))
	assert.Equal(t, before, app.Specs("service", "grpcroute"))
	assert.Equal(t, "grpcroute.gateway.networking.k8s.io/demo\n", app.Kubectl("get", "grpcroutes", "-o", "name"), "the group's is gone")

	before = app.Specs("service", "grpcroute", "deployment")
	app.Apply(app.Manifest("v3", group...))
	waitForAPerson(app, 20)
	grouped(t, conn, "v3")
	app.Kubectl("annotate", "deployment", "demo", "evenkeel.dev/action=rollback")
	app.WaitForPhase(rollout.RolledBack)
	called(t, 0, "v3", app.Sample(time.Second))
	assert.Equal(t, before, app.Specs("service", "grpcroute", "deployment"))
	seen := stop()
	assert.Positive(t, seen.Reused)
	assert.Positive(t, seen.Requests-seen.Reused, "new connections")
	noneFailed(t, seen)
}

// called asserts a version's share of calls. Traefik deals them out in turn, to
// these and to the load beside them, so a sample is only near its weight; all and
// none are exact.
func called(t *testing.T, percent float64, version string, seen load.Counts) {
	t.Helper()
	assert.Zero(t, seen.Failed, seen.Failures)
	assert.InDelta(t, percent, seen.Share(version), min(10, percent, 100-percent), "%v", seen.Versions)
	t.Logf("share of %s: %.2f%% of %d calls", version, seen.Share(version), seen.Requests)
}

// answering are the versions that answer the calls of a connection.
func answering(t *testing.T, conn *grpc.ClientConn) map[string]bool {
	t.Helper()
	versions := map[string]bool{}
	for range 60 {
		version, _, err := rpc.Ask(t.Context(), conn)
		require.NoError(t, err)
		versions[version] = true
	}
	return versions
}

// grouped asserts that calls with the group's header get a version.
func grouped(t *testing.T, conn *grpc.ClientConn, want string) {
	t.Helper()
	for range 10 {
		version, _, err := rpc.Ask(metadata.AppendToOutgoingContext(t.Context(), "x-group", "beta"), conn)
		require.NoError(t, err)
		require.Equal(t, want, version)
	}
}

// onlyTheMethod asserts that the route, and the group's beside it, have the user's
// match of one method in flight, and that other methods lead nowhere.
func onlyTheMethod(t *testing.T, app *fixture.App, conn *grpc.ClientConn, weight int) {
	t.Helper()
	method := fmt.Sprintf(`{"method":%q,"service":%q,"type":"Exact"}`, rpc.Method, rpc.Service)
	for name, backends := range map[string]string{"demo": fmt.Sprintf("demo=%d demo-canary=%d ", 100-weight, weight), "demo-canary": "demo-canary=1 "} {
		assert.Equal(t, method+backends, app.Kubectl("get", "grpcroute", name, "-o",
			"jsonpath={.spec.rules[*].matches[*].method}{range .spec.rules[*].backendRefs[*]}{.name}={.weight} {end}"))
	}
	for _, group := range []string{"alpha", "beta"} {
		ctx := metadata.AppendToOutgoingContext(t.Context(), "x-group", group)
		_, err := healthv1.NewHealthClient(conn).Check(ctx, &healthv1.HealthCheckRequest{})
		assert.Equal(t, codes.Unimplemented, status.Code(err), err)
	}
}
