// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/evenkeel-dev/evenkeel/cmd/command"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// cluster has the kinds that it is told to have; it can be out of reach.
type cluster struct {
	*meta.DefaultRESTMapper
	mu  sync.Mutex
	err error
}

func (c *cluster) RESTMapping(kind schema.GroupKind, versions ...string) (*meta.RESTMapping, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return nil, c.err
	}
	return c.DefaultRESTMapper.RESTMapping(kind, versions...)
}

// withIngress is a cluster without the Gateway API.
func withIngress() *cluster {
	c := &cluster{DefaultRESTMapper: meta.NewDefaultRESTMapper(nil)}
	for _, kind := range []schema.GroupVersionKind{
		appsv1.SchemeGroupVersion.WithKind("Deployment"), appsv1.SchemeGroupVersion.WithKind("ReplicaSet"), corev1.SchemeGroupVersion.WithKind("Service"), corev1.SchemeGroupVersion.WithKind("Namespace"),
		networkingv1.SchemeGroupVersion.WithKind("Ingress"), networkingv1.SchemeGroupVersion.WithKind("IngressClass"),
	} {
		c.Add(kind, meta.RESTScopeNamespace)
	}
	return c
}

func (c *cluster) install(kind string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Add(schema.GroupVersionKind{Group: gatewayv1.GroupName, Version: "v1", Kind: kind}, meta.RESTScopeNamespace)
}

func (c *cluster) outOfReach(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
}

// managerOf is a manager that reaches nothing.
func managerOf(t *testing.T, c *cluster) ctrl.Manager {
	t.Helper()
	mgr, err := ctrl.NewManager(&rest.Config{Host: "http://127.0.0.1:1"}, ctrl.Options{
		Scheme: command.Scheme(), Metrics: metricsserver.Options{BindAddress: "0"}, Logger: logr.Discard(),
		MapperProvider: func(*rest.Config, *http.Client) (meta.RESTMapper, error) { return c, nil },
	})
	require.NoError(t, err)
	return mgr
}

// Without the Gateway API a manager comes up with Ingresses alone.
func TestAClusterWithoutTheGatewayAPI(t *testing.T) {
	mgr := managerOf(t, withIngress())
	routes, err := routeKinds(mgr, func() {})
	require.NoError(t, err)
	assert.Equal(t, []route.Kind{route.Ingress}, routes)
	_, err = cachesFilled(t.Context(), mgr, routes)
	require.NoError(t, err)
}

// What cannot be known is not taken for absent.
func TestAClusterOutOfReach(t *testing.T) {
	c := withIngress()
	c.outOfReach(errors.New("no route to host"))
	_, err := routeKinds(managerOf(t, c), func() {})
	require.EqualError(t, err, "cannot tell whether the cluster has HTTPRoutes: no route to host")
}

// A process ends, and says so, when there are kinds that it does not look at; the
// leader after all others are back.
func TestNewKindsEndAProcess(t *testing.T) {
	for name, row := range map[string]struct {
		leads           bool
		soonest, latest time.Duration
	}{
		"the leader":     {true, 4 * lookForKinds, 10 * lookForKinds},
		"one that waits": {false, lookForKinds, 4 * lookForKinds},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, said := withIngress(), ""
				ctx, end := context.WithCancel(t.Context())
				n := &newcomers{mapper: c, there: []route.Kind{route.Ingress}, leads: func() bool { return row.leads }, end: end,
					log: funcr.New(func(_, args string) { said += args }, funcr.Options{})}
				done := make(chan error, 1)
				go func() { done <- n.watch(ctx) }()

				time.Sleep(time.Hour)
				require.NoError(t, ctx.Err(), "nothing came")
				c.outOfReach(errors.New("out of reach"))
				time.Sleep(time.Hour)
				require.NoError(t, ctx.Err(), "nothing is known")
				c.outOfReach(nil)
				c.install("HTTPRoute")
				c.install("GRPCRoute")
				came := time.Now()
				<-ctx.Done()
				require.NoError(t, <-done)
				assert.GreaterOrEqual(t, time.Since(came), row.soonest)
				assert.LessOrEqual(t, time.Since(came), row.latest)
				assert.Contains(t, said, `"ending, to be started again: the cluster has new kinds of routes" "kinds"=["HTTPRoute" "GRPCRoute"]`)
			})
		})
	}
}

// A kind is believed when nothing else has come with it since the last look.
func TestNewKindsAreLookedAtTwice(t *testing.T) {
	c := withIngress()
	n := &newcomers{mapper: c, there: []route.Kind{route.Ingress}, leads: func() bool { return false }, log: logr.Discard()}
	assert.False(t, n.look())
	c.install("HTTPRoute")
	assert.False(t, n.look())
	c.install("GRPCRoute")
	assert.False(t, n.look())
	assert.True(t, n.look())
}

func TestTheEndCanBeAskedFor(t *testing.T) {
	ctx, ask := context.WithCancel(t.Context())
	d := &drain{ask: ask}
	serving := d.after(ctx)
	d.ask()
	<-serving.Done()
	assert.Error(t, d.ready(nil))
}
