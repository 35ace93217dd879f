// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

const withAnalyses = `
apiVersion: policy.evenkeel.dev/v1alpha1
kind: RolloutPolicy
defaults: {rollout: {analysis: [restarts]}}
analyses:
  restarts: {pods: {}, failureLimit: 2, interval: 10s}
  success-rate: {prometheus: {address: "http://p", builtIn: success-rate}, min: 99}
  smoke-test: {webhook: {url: "http://gate.shop"}, dryRun: true}
`

// analysed is the Deployment with a version and what its annotation says.
func analysed(version, names string) string {
	text := demo(version, "")
	if names == "" {
		return text
	}
	return strings.Replace(text, `"evenkeel.dev/probe":"none"`, `"evenkeel.dev/probe":"none","evenkeel.dev/analysis":"`+names+`"`, 1)
}

// A release freezes the analyses that the policy, or its Deployment, names.
func TestAReleaseFreezesItsAnalyses(t *testing.T) {
	policies := config.NewStore()
	require.NoError(t, policies.Offer([]byte(withAnalyses)))
	mux := under(t, policies, nil, demoService, demoRoute, edgeGateway, ableClass, demoServes)
	restarts := rollout.Analysis{Name: "restarts", Interval: rollout.Duration(10 * time.Second), FailureLimit: 2, InconclusiveLimit: 2}
	smoke := rollout.Analysis{Name: "smoke-test", Interval: rollout.Duration(30 * time.Second), InconclusiveLimit: 2, DryRun: true}
	for names, want := range map[string]rollout.Evidence{"": {restarts}, "smoke-test,restarts": {smoke, restarts}, "none": nil} {
		answer, begun := wrote(t, mux, "team", analysed("v1", names), analysed("v2", names))
		require.True(t, answer.Allowed, answer.Result)
		assert.Equal(t, want, state(t, begun).Analyses, names)
		assert.Equal(t, len(want) > 0, strings.Contains(strings.Join(answer.Warnings, ""), "100%, guarded by restarts starts"), answer.Warnings)
	}
	answer, _ := wrote(t, mux, "team", analysed("v1", ""), analysed("v2", "latency"))
	require.False(t, answer.Allowed)
	assert.Contains(t, answer.Result.Message, `analysis: analysis "latency" is not known: the policy has restarts, smoke-test, success-rate; write for example`)

	_, begun := wrote(t, mux, "team", analysed("v1", ""), analysed("v2", ""))
	flying := state(t, begun)
	flying.Analyses[0].Failed = 1
	begun.Annotations[rollout.StateAnnotation] = flying.String()
	live, err := json.Marshal(begun)
	require.NoError(t, err)
	third := begun.DeepCopy()
	third.Spec.Template.Spec.Containers[0].Image = strings.Replace(third.Spec.Template.Spec.Containers[0].Image, "v2", "v3", 1)
	third.Annotations["evenkeel.dev/analysis"] = "smoke-test"
	sent, err := json.Marshal(third)
	require.NoError(t, err)
	_, again := wrote(t, mux, "team", string(live), string(sent))
	assert.Equal(t, rollout.Evidence{smoke}, state(t, again).Analyses, "another template has those of now, and empty counts")
	same, err := json.Marshal(begun)
	require.NoError(t, err)
	_, kept := wrote(t, mux, "team", string(live), string(same))
	assert.Equal(t, 1, state(t, kept).Analyses[0].Failed)
}

// What would wait in vain is told when the release starts.
func TestARouteThatIsNotThereIsNotCounted(t *testing.T) {
	policies := config.NewStore()
	require.NoError(t, policies.Offer([]byte(withAnalyses)))
	const says = `analysis "success-rate" counts the requests of a route, and none is divided here`
	for _, around := range [][]string{{demoService, demoRoute, edgeGateway, ableClass, demoServes}, {demoServes}} {
		mux := under(t, policies, nil, around...)
		answer, begun := wrote(t, mux, "team", analysed("v1", "success-rate"), analysed("v2", "success-rate"))
		require.True(t, answer.Allowed, answer.Result)
		assert.Len(t, state(t, begun).Analyses, 1)
		assert.Equal(t, len(around) == 1, strings.Contains(strings.Join(answer.Warnings, ""), says), answer.Warnings)
	}
}
