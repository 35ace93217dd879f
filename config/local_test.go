// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/evenkeel-dev/evenkeel/policy"
)

func load(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	return data
}

// shop is a namespace under the sample's production rule.
func shop(t *testing.T) (*Store, map[string]string, map[string]string) {
	t.Helper()
	store := NewStore()
	require.NoError(t, store.Offer(load(t, "samples/production.yaml")))
	return store, map[string]string{"env": "production"}, map[string]string{"tier": "web"}
}

func TestANamespaceChangesWhatTheClusterLetsIt(t *testing.T) {
	store, namespace, web := shop(t)
	require.NoError(t, store.OfferLocal("shop-eu", "team", load(t, "samples/namespace/team.yaml")))
	for name, row := range map[string]struct {
		own   map[string]string
		rule  string
		steps string
		every int32
		tag   policy.Action
	}{
		"no rule of its own": {nil, "production-web with the namespace's defaults", "5%:10m,25%:10m,50%:pause,100%", 3, policy.Enforce},
		"a rule":             {map[string]string{"pace": "slow"}, "production-web with the namespace's slow", "1%:1h,10%:1h,50%:1h,100%:pause", 3, policy.Enforce},
		"a check":            {map[string]string{"stage": "experiment"}, "production-web with the namespace's experiments", "5%:10m,25%:10m,50%:pause,100%", 3, policy.Off},
	} {
		own := map[string]string{"tier": "web"}
		for key, value := range row.own {
			own[key] = value
		}
		p := store.Current().Resolve("shop-eu", namespace, own)
		assert.Equal(t, row.rule, p.Rule, name)
		assert.Equal(t, row.steps, p.Rollout.Steps, name)
		assert.Equal(t, row.every, p.Inject.Readiness.PeriodSeconds, name)
		assert.Equal(t, row.tag, p.Checks.Action("mutable-tag", time.Time{}), name)
		assert.Empty(t, p.Ignored, name)
	}
	assert.Equal(t, "production-web", store.Current().Resolve("shop-us", namespace, web).Rule, "another namespace")
	assert.Equal(t, policy.Enforce, store.Current().Rules[0].Policy.Checks.Action("mutable-tag", time.Time{}), "the cluster's policy is as it was")
	store.RemoveLocal("shop-eu", "team")
	assert.Equal(t, "production-web", store.Current().Resolve("shop-eu", namespace, web).Rule)
}

func TestWhatIsNotOverridableIsNotFollowed(t *testing.T) {
	store, namespace, web := shop(t)
	require.NoError(t, store.OfferLocal("shop-eu", "team", []byte(head+"inject: {minReadySeconds: 1}\n  checks: {default: Off}")))
	p := store.Current().Resolve("shop-eu", namespace, web)
	assert.Equal(t, "production-web", p.Rule)
	assert.Equal(t, int32(5), *p.Inject.MinReadySeconds)
	assert.Equal(t, []string{
		"inject.minReadySeconds of the namespace's policy is not followed: policy rule production-web does not list it as overridable",
		"checks.default of the namespace's policy is not followed: policy rule production-web does not list it as overridable",
	}, p.Ignored)
	p = p.WithAnnotations(map[string]string{policy.StrategyAnnotation: "rolling", policy.StepsAnnotation: "50%,100%"})
	assert.Equal(t, "canary", p.Rollout.Strategy, "an annotation that the rule does not let win")
	assert.Equal(t, "50%,100%", p.Rollout.Steps)
	assert.Contains(t, p.Ignored[2], "annotation evenkeel.dev/strategy is not followed: policy rule production-web does not list rollout.strategy as overridable")
}

func TestANamespacesPolicyIsLookedAtBeforeItCounts(t *testing.T) {
	store, namespace, _ := shop(t)
	for text, says := range map[string]string{
		head + "overridable: [inject]":          "rules[0].overridable: Forbidden: only the cluster's policy says what may be overridden",
		head + "emergency: {enabled: true}":     "rules[0].emergency: Forbidden: only the cluster's policy bounds emergencies",
		head + "match: {namespaces: [a]}":       "rules[0].match.namespaces: Forbidden: a namespace's policy is for its own namespace; select by objectSelector",
		head + "match: {namespaceSelector: {}}": "rules[0].match.namespaceSelector: Forbidden: a namespace's policy is for its own namespace; select by objectSelector",
		"apiVersion: policy.evenkeel.dev/v1alpha1\nkind: RolloutPolicy\ndefaults: {emergency: {maxDuration: 1h}}": "defaults.emergency: Forbidden: only the cluster's policy bounds emergencies",
	} {
		require.EqualError(t, store.OfferLocal("shop-eu", "team", []byte(text)), says)
	}
	for text, says := range map[string]string{
		head + "inject: {probes: {startup: {}}}": "",
		head + "inject: {minReadySeconds: 1}":    "a namespace's policy may not set inject.minReadySeconds: the cluster's policy lists as overridable here only inject.probes, rollout.steps, checks.mutable-tag",
	} {
		rules, err := LoadLocal([]byte(text))
		require.NoError(t, err)
		err = Allowed(store.Current(), "shop-eu", namespace, rules)
		if says == "" {
			require.NoError(t, err)
		} else {
			require.EqualError(t, err, says)
		}
		require.EqualError(t, Allowed(store.Current(), "elsewhere", nil, rules), "a namespace's policy may not set "+rules[0].Settings[0].Path+": the cluster's policy lists nothing as overridable")
	}
}

// A check's day of enforcement: until then it would have refused, and warns.
func TestEnforcementHasItsDay(t *testing.T) {
	store, namespace, web := shop(t)
	checks := store.Current().Resolve("shop-eu", namespace, web).Checks
	day := time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
	assert.Equal(t, policy.Warn, checks.Action("readiness-missing", day.Add(-time.Second)))
	assert.Equal(t, policy.Enforce, checks.Action("readiness-missing", day))
	assert.Equal(t, policy.Enforce, checks.Action("single-replica", day), "a rule's default is for every check that it does not name")
	assert.Equal(t, policy.Audit, store.Current().Resolve("other", nil, nil).Checks.Action("single-replica", day))
}

func TestEveryFieldCanBeSetByItself(t *testing.T) {
	for _, path := range overridablePaths() {
		assert.True(t, policy.Overridable{Paths: []string{path}}.Lets(path))
	}
	assert.True(t, policy.Overridable{Paths: []string{"inject"}}.Lets("inject.probes.readiness"))
	assert.False(t, policy.Overridable{Paths: []string{"inject.probes"}}.Lets("inject.probesome"))
	assert.Contains(t, overridablePaths(), "inject.probes")
	assert.NotContains(t, overridablePaths(), "emergency")
}

// One life of a namespace's ConfigMap: good, bad, bad again, good, unlabelled.
func TestTheStoreFollowsANamespace(t *testing.T) {
	world, told := &cluster{}, events.NewFakeRecorder(10)
	r := newLocalReloader(world, NewStore(), told)
	key := client.ObjectKey{Namespace: "shop-eu", Name: "team"}
	settles := func(version, settle, whose string) time.Duration {
		t.Helper()
		world.hold(version, map[string]string{PolicyKey: head + "rollout: {settle: " + settle + "}"})
		world.object.Namespace, world.object.Name, world.object.Labels = key.Namespace, key.Name, map[string]string{PolicyLabel: whose}
		_, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: key})
		require.NoError(t, err)
		rules := r.store.Current().Namespaces["shop-eu"]
		if len(rules) == 0 {
			return 0
		}
		var p policy.Policy
		rules[0].Settings[0].Put(&p)
		return p.Rollout.Settle
	}
	taken := func(result string) float64 {
		return testutil.ToFloat64(policyLoads.WithLabelValues(OfNamespace, result))
	}
	good, bad := taken(accepted), taken(refused)
	assert.Equal(t, time.Second, settles("1", "1s", OfNamespace))
	assert.Equal(t, time.Second, settles("2", "48h", OfNamespace), "the last good one stays")
	assert.Equal(t, time.Second, settles("2", "48h", OfNamespace))
	require.Len(t, told.Events, 1, "once a version")
	assert.Contains(t, <-told.Events, "Warning PolicyInvalid the last good policy stays in force: rules[0].rollout.settle")
	require.NoError(t, r.store.Offer([]byte(head+"rollout: {settle: 9s}")), "the cluster's policy changes")
	assert.Equal(t, 2*time.Second, settles("3", "2s", OfNamespace))
	assert.InDelta(t, 2, taken(accepted)-good, 0)
	assert.InDelta(t, 1, taken(refused)-bad, 0, "once a version")
	assert.Zero(t, settles("4", "2s", "nobody"))
	world.object = nil
	_, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: key})
	require.NoError(t, err)
	world.err = errors.New("no answer")
	_, err = r.Reconcile(t.Context(), reconcile.Request{NamespacedName: key})
	require.EqualError(t, err, "cannot get the namespace's policy: no answer")
}
