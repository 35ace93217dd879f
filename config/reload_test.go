// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// cluster is one that has a single ConfigMap, or none.
type cluster struct {
	client.Reader
	object *corev1.ConfigMap
	err    error
}

func (c *cluster) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	if c.err != nil {
		return c.err
	}
	if c.object == nil {
		return apierrors.NewNotFound(schema.GroupResource{Resource: "configmaps"}, key.Name)
	}
	c.object.DeepCopyInto(into.(*corev1.ConfigMap))
	return nil
}

func (c *cluster) hold(version string, data map[string]string) {
	c.object = &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "policy", ResourceVersion: version}, Data: data}
}

// shown is what a scrape shows of the policy.
func shown(t *testing.T) []string {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(policyValid, policyLoaded)
	families, err := registry.Gather()
	require.NoError(t, err)
	var out []string
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			line := family.GetName()
			for _, label := range metric.GetLabel() {
				line += " " + label.GetValue()
			}
			out = append(out, fmt.Sprintf("%s %v", line, metric.GetGauge().GetValue()))
		}
	}
	return out
}

// One life of a ConfigMap: good, bad, bad again, good, deleted.
func TestTheStoreFollowsTheConfigMap(t *testing.T) {
	world, told := &cluster{}, events.NewFakeRecorder(10)
	r := &reloader{client: world, store: NewStore(), events: told, key: client.ObjectKey{Name: "policy"}}
	settles := func(want time.Duration, valid int, version string) {
		t.Helper()
		_, err := r.Reconcile(t.Context(), reconcile.Request{})
		require.NoError(t, err)
		assert.Equal(t, want, r.store.Current().Resolve("x", nil, nil).Rollout.Settle)
		assert.Equal(t, []string{"evenkeel_policy_loaded " + version + " 1", fmt.Sprintf("evenkeel_policy_valid %v", valid)}, shown(t))
	}
	file := func(settle string) map[string]string {
		return map[string]string{PolicyKey: head + "rollout: {settle: " + settle + "}"}
	}
	before := []float64{testutil.ToFloat64(policyLoads.WithLabelValues(OfCluster, accepted)), testutil.ToFloat64(policyLoads.WithLabelValues(OfCluster, refused))}
	settles(5*time.Second, 1, "")
	world.hold("1", file("1s"))
	settles(time.Second, 1, "1")
	settles(time.Second, 1, "1")
	world.hold("2", file("48h"))
	settles(time.Second, 0, "1")
	settles(time.Second, 0, "1")
	require.Len(t, told.Events, 1, "once a version")
	assert.Equal(t, `Warning PolicyInvalid the last good policy stays in force: rules[0].rollout.settle: Invalid value: "48h0m0s": a duration from 0s to 24h`, <-told.Events)
	world.hold("3", map[string]string{"policy.yml": "x"})
	settles(time.Second, 0, "1")
	assert.Equal(t, `Warning PolicyInvalid the last good policy stays in force: cannot read the policy: the ConfigMap lacks the key "policy.yaml"`, <-told.Events)
	world.hold("4", file(strings.Repeat("ö", 2000)))
	settles(time.Second, 0, "1")
	assert.LessOrEqual(t, len(<-told.Events), len("Warning PolicyInvalid ")+maxNote)
	world.hold("5", file("2s"))
	settles(2*time.Second, 1, "5")
	world.object = nil
	settles(5*time.Second, 1, "")
	assert.Empty(t, told.Events)

	loads := func(scope, result string) float64 {
		return testutil.ToFloat64(policyLoads.WithLabelValues(scope, result))
	}
	assert.InDelta(t, 2, loads(OfCluster, accepted)-before[0], 0, "1 and 5")
	assert.InDelta(t, 3, loads(OfCluster, refused)-before[1], 0, "2, 3 and 4, each once")
	assert.InDelta(t, float64(time.Now().Unix()), testutil.ToFloat64(policyLoadTime), 60)

	world.err = errors.New("no answer")
	_, err := r.Reconcile(t.Context(), reconcile.Request{})
	require.EqualError(t, err, "cannot get the policy: no answer")
}
