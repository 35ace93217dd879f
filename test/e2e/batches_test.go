// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// batched is the demo application as a StatefulSet or a DaemonSet.
type batched struct {
	*fixture.App
	t    *testing.T
	kind string
}

func newBatched(t *testing.T, kind, steps string) batched {
	t.Helper()
	b := batched{App: fixture.NewApp(t, steps), t: t, kind: kind}
	b.Replicas = 3
	b.Apply(b.Routes())
	b.Apply(b.manifest("v1"))
	b.Kubectl("rollout", "status", b.name(), "--timeout=120s")
	return b
}

// name is how kubectl names it.
func (b batched) name() string { return strings.ToLower(b.kind) + "/demo" }

// manifest is the workload of a version.
func (b batched) manifest(version string, edits ...string) string {
	edits = append(edits,
		"kind: Deployment", "kind: "+b.kind, "evenkeel.dev/strategy: canary", `evenkeel.dev/strategy: batch, evenkeel.dev/turn: "1%"`, `, evenkeel.dev/probe: "http:8080/readyz"`, "",
		"  progressDeadlineSeconds: 30\n", "", "        env: ", "        readinessProbe: {httpGet: {path: /readyz, port: http}, periodSeconds: 1}\n        env: ")
	if b.kind == "StatefulSet" {
		edits = append(edits, "spec:\n  replicas", "spec:\n  serviceName: demo\n  replicas")
	} else {
		edits = append(edits, fmt.Sprintf("  replicas: %d\n", b.Replicas), "")
	}
	return b.Manifest(version, edits...)
}

// state reads the rollout's state.
func (b batched) state() batch.State {
	b.t.Helper()
	var object metav1.PartialObjectMetadata
	require.NoError(b.t, json.Unmarshal([]byte(b.Kubectl("get", b.name(), "-o", "json")), &object))
	state, err := batch.ParseState(object.Annotations[rollout.StateAnnotation])
	require.NoError(b.t, err)
	return state
}

func (b batched) waitFor(what string, is func(batch.State) bool) batch.State {
	b.t.Helper()
	var state batch.State
	if !assert.Eventually(b.t, func() bool { state = b.state(); return is(state) }, 150*time.Second, 250*time.Millisecond) {
		require.Failf(b.t, "waited in vain", "%s; the state is %s", what, state)
	}
	return state
}

func (b batched) waitForAPerson() batch.State {
	b.t.Helper()
	return b.waitFor("a person", func(s batch.State) bool { return strings.Contains(s.Wait, "a person says so") })
}

func (b batched) waitForPhase(phase rollout.Phase) {
	b.t.Helper()
	b.waitFor(string(phase), func(s batch.State) bool { return s.Phase == phase })
}

func (b batched) act(action rollout.Action) {
	b.t.Helper()
	b.Kubectl("annotate", b.name(), rollout.ActionAnnotation+"="+string(action))
}

// own is what belongs to users: it is the same before and after.
func (b batched) own() string {
	b.t.Helper()
	return b.Specs("service", "httproute") + b.Kubectl("get", b.name(), "-o", "jsonpath={.spec.updateStrategy} {.metadata.labels}")
}

// image is what the workload asks for.
func (b batched) image() string {
	b.t.Helper()
	return b.Kubectl("get", b.name(), "-o", "jsonpath={.spec.template.spec.containers[0].image}")
}

// answers asks several times and wants one version.
func (b batched) answers(version string) {
	b.t.Helper()
	for range 10 {
		require.Equal(b.t, version, b.Ask())
	}
}

// The highest ordinal is new first and gets the traffic; nobody sees a failure on
// the way to the end.
func TestStatefulSet(t *testing.T) {
	b := newBatched(t, "StatefulSet", "33%:pause,100%")
	before := b.own()
	stop := b.Load()
	assert.Contains(t, b.Apply(b.manifest("v2")), `Warning: evenkeel: batches 33%:pause,100% start; traffic moves by Service "demo"`)
	state := b.waitForAPerson()
	assert.Equal(t, []string{"demo-0", "demo-1"}, b.Pods("v1"))
	assert.Equal(t, []string{"demo-2"}, b.Pods("v2"))
	assert.Equal(t, state.Canary.Hash, b.Kubectl("get", "service", "demo", "-o", "jsonpath={.spec.selector.controller-revision-hash}"))
	b.answers("v2")

	b.Apply(b.manifest("v2"))
	b.Apply(b.Routes())
	b.answers("v2")
	out, err := fixture.Run("", "kubectl", "-n", b.Namespace, "scale", b.name(), "--replicas=2")
	require.Error(t, err, out)
	assert.Contains(t, out, "the Services lead to the new pods alone")

	b.act(rollout.ActionContinue)
	b.waitForPhase(rollout.Completed)
	assert.Equal(t, []string{"demo-0", "demo-1", "demo-2"}, b.Pods("v2"))
	assert.Equal(t, before, b.own())
	b.answers("v2")
	noneFailed(t, stop())
}

// Going back gives the old image, the old revision and the old pods' version back.
func TestStatefulSetGoesBack(t *testing.T) {
	b := newBatched(t, "StatefulSet", "33%:pause,100%")
	before, revision := b.own(), b.Kubectl("get", b.name(), "-o", "jsonpath={.status.updateRevision}")
	stop := b.Load()
	for name, back := range map[string]func(){
		"by a word":             func() { b.act(rollout.ActionRollback) },
		"by the stable one":     func() { b.Apply(b.manifest("v1")) },
		"by a person's restore": func() { fixture.Must(t, "", command(t), "restore", "-n", b.Namespace, "demo") },
	} {
		b.Apply(b.manifest("v2", "STARTUP_DELAY, value: 1s", fmt.Sprintf("STARTUP_DELAY, value: 1%dms", len(name)))) // each a template of its own
		b.waitForAPerson()
		b.answers("v2")
		back()
		b.waitForPhase(rollout.RolledBack)
		assert.Equal(t, "evenkeel.local/demo:v1", b.image(), name)
		assert.Equal(t, []string{"demo-0", "demo-1", "demo-2"}, b.Pods("v1"), name)
		assert.Equal(t, revision, b.Kubectl("get", b.name(), "-o", "jsonpath={.status.updateRevision}"), name)
		assert.Equal(t, before, b.own(), name)
		b.answers("v1")
	}
	noneFailed(t, stop())
}

// A new version that never becomes ready stands in the way of a StatefulSet's stock
// controller, and goes all the same.
func TestABrokenStatefulSetGoesBack(t *testing.T) {
	b := newBatched(t, "StatefulSet", "33%:pause,100%")
	before := b.own()
	stop := b.Load()
	b.Apply(b.manifest("v2", "{name: STARTUP_DELAY, value: 1s}", "{name: NEVER_READY, value: 'true'}"))
	b.waitFor("its batch", func(s batch.State) bool { return s.Stage == batch.StageBatch })
	require.Eventually(t, func() bool { return len(b.Pods("v2")) == 1 }, time.Minute, 250*time.Millisecond)
	b.answers("v1")
	b.act(rollout.ActionRollback)
	b.waitForPhase(rollout.RolledBack)
	assert.Equal(t, []string{"demo-0", "demo-1", "demo-2"}, b.Pods("v1"))
	assert.Equal(t, before, b.own())
	noneFailed(t, stop())
}

// A DaemonSet of one node has one batch, in which nobody serves for a moment, since
// a node's old pod goes before its new one is made: so requests fail then, whoever
// replaces it. It waits for a person, goes back, and on.
func TestDaemonSet(t *testing.T) {
	b := newBatched(t, "DaemonSet", "33%:pause,100%")
	before := b.own()
	b.Apply(b.manifest("v2"))
	b.waitForAPerson()
	assert.Len(t, b.Pods("v2"), 1)
	assert.Empty(t, b.Pods("v1"))
	assert.Zero(t, b.Sample(2*time.Second).Failed, "it serves while it waits")
	b.act(rollout.ActionRollback)
	b.waitForPhase(rollout.RolledBack)
	assert.Equal(t, "evenkeel.local/demo:v1", b.image())
	assert.Len(t, b.Pods("v1"), 1)
	assert.Equal(t, before, b.own())

	b.act(rollout.ActionRetry)
	b.waitForAPerson()
	b.act(rollout.ActionContinue)
	b.waitForPhase(rollout.Completed)
	assert.Len(t, b.Pods("v2"), 1)
	assert.Equal(t, "evenkeel.local/demo:v2", b.image())
	assert.Equal(t, before, b.own())
	b.answers("v2")
}

// What is not for a StatefulSet is refused with the line that fixes it; one that
// did not opt in is none of ours.
func TestStatefulSetsThatAreRefused(t *testing.T) {
	b := newBatched(t, "StatefulSet", "33%:pause,100%")
	for edit, says := range map[string]string{
		"evenkeel.dev/strategy: canary":     `is not for a StatefulSet, whose pods change in batches`,
		"evenkeel.dev/strategy: blue-green": `evenkeel.dev/strategy: batch`,
	} {
		out, err := b.TryApply(b.manifest("v1", "evenkeel.dev/strategy: canary", edit))
		require.Error(t, err, out)
		assert.Contains(t, out, says)
	}
	out, err := b.TryApply(b.manifest("v1", "  minReadySeconds: 1\n", "  minReadySeconds: 1\n  updateStrategy: {type: OnDelete}\n"))
	require.Error(t, err, out)
	assert.Contains(t, out, "updateStrategy: {type: RollingUpdate}")
	b.Apply(b.manifest("v2", `evenkeel.dev/strategy: canary, evenkeel.dev/steps: "33%:pause,100%"`, "team: a"))
	b.Kubectl("rollout", "status", b.name(), "--timeout=120s")
	assert.Len(t, b.Pods("v2"), 3)
	assert.Empty(t, b.state().Phase)
}
