// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// verdicts answers by a Deployment's name.
type verdicts map[string]policy.Plan

func (v verdicts) Audit(_ context.Context, d *appsv1.Deployment) (policy.Plan, error) {
	if plan, known := v[d.Name]; known {
		return plan, nil
	}
	return policy.Plan{}, errors.New("no answer")
}

// cluster lists Deployments and keeps Events, or fails as it is told.
type cluster struct {
	client.Client
	deployments []appsv1.Deployment
	events      map[string]*eventsv1.Event
	err         error
}

func (c *cluster) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	list.(*appsv1.DeploymentList).Items = c.deployments
	return nil
}

func (c *cluster) Create(_ context.Context, o client.Object, _ ...client.CreateOption) error {
	if c.err != nil {
		return c.err
	}
	if _, there := c.events[o.GetName()]; there {
		return apierrors.NewAlreadyExists(schema.GroupResource{Resource: "events"}, o.GetName())
	}
	c.events[o.GetName()] = o.(*eventsv1.Event)
	return nil
}

func named(namespace, name string) appsv1.Deployment {
	return appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID(namespace + name)}}
}

func violating(check string, action policy.Action) policy.Plan {
	return policy.Plan{Rule: "default", Violations: []policy.Violation{{Check: check, Action: action, Message: "it is wrong"}}}
}

func TestAReportIsInOrder(t *testing.T) {
	until := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	reviewer := verdicts{"a": violating("pdb", policy.Warn), "b": {Override: &policy.Override{Until: until, Reason: "INC-1"}}, "c": violating("grace", policy.Audit)}
	var heard []int
	report, err := Run(t.Context(), reviewer, []appsv1.Deployment{named("z", "a"), named("a", "c"), named("a", "b")}, func(done, all int) { heard = append(heard, done, all) })
	require.NoError(t, err)
	assert.Equal(t, Report{
		Deployments: 3,
		Findings: []Finding{
			{"a", "c", "default", "grace", policy.Audit, "it is wrong"},
			{"z", "a", "default", "pdb", policy.Warn, "it is wrong"},
		},
		Overrides: []Override{{"a", "b", policy.Override{Until: until, Reason: "INC-1"}}},
	}, report)
	assert.Equal(t, []int{1, 3, 2, 3, 3, 3}, heard)
	_, err = Run(t.Context(), reviewer, []appsv1.Deployment{named("a", "x")}, nil)
	require.EqualError(t, err, "cannot review Deployment a/x: no answer")
}

// A finding is told once, whoever is the leader; what is audited alone is counted.
func TestAFindingIsToldOnce(t *testing.T) {
	world := &cluster{deployments: []appsv1.Deployment{named("shop", "a"), named("shop", "b")}, events: map[string]*eventsv1.Event{}}
	reviewer := verdicts{"a": violating("pdb", policy.Warn), "b": violating("grace", policy.Audit)}
	leader := func() *loop {
		return &loop{client: world, reviewer: reviewer, log: logr.Discard(), now: time.Now, told: map[types.UID]map[string]bool{}}
	}
	first := leader()
	require.NoError(t, first.once(t.Context()))
	require.NoError(t, first.once(t.Context()))
	require.NoError(t, leader().once(t.Context()), "another leader")
	require.Len(t, world.events, 1)
	for name, event := range world.events {
		assert.Regexp(t, `^a\.[0-9a-f]{16}$`, name)
		assert.Equal(t, "pdb: it is wrong", event.Note)
		assert.Equal(t, "CheckFailed", event.Reason)
		assert.Equal(t, "a", event.Regarding.Name)
	}
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(found)
	count, err := testutil.GatherAndCount(registry, "evenkeel_audit_findings")
	require.NoError(t, err)
	assert.Equal(t, 2, count)
	assert.InDelta(t, 2, testutil.ToFloat64(audited), 0)

	reviewer["a"] = policy.Plan{Override: &policy.Override{Reason: "INC-1"}}
	require.NoError(t, first.once(t.Context()))
	assert.Len(t, world.events, 2)
	assert.InDelta(t, 1, testutil.ToFloat64(overridden), 0)

	world.deployments = nil
	require.NoError(t, first.once(t.Context()))
	assert.Empty(t, first.told, "what is gone is forgotten")

	world.deployments, world.err = []appsv1.Deployment{named("shop", "c")}, errors.New("no way")
	reviewer["c"] = violating("pdb", policy.Enforce)
	require.EqualError(t, first.once(t.Context()), "cannot tell of Deployment shop/c: no way")
	world.err = apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, "shop")
	require.NoError(t, first.once(t.Context()), "a namespace that is gone")
}
