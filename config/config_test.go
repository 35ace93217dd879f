// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/policy"
)

func TestSamplesLoad(t *testing.T) {
	files, err := filepath.Glob("samples/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		_, err = Load(text)
		require.NoError(t, err, file)
	}
}

func TestAResolvedSample(t *testing.T) {
	text, err := os.ReadFile("samples/production.yaml")
	require.NoError(t, err)
	set, err := Load(text)
	require.NoError(t, err)
	p := set.Resolve("shop-eu", map[string]string{"env": "production"}, map[string]string{"tier": "web"})
	assert.Equal(t, "production-web", p.Rule)
	assert.Equal(t, "canary", p.Rollout.Strategy)
	assert.Equal(t, 3*time.Second, p.Rollout.Settle)
	assert.Equal(t, 30*time.Second, p.Rollout.ScaleDownDelay, "left out: the built-in default")
	assert.Equal(t, policy.Warn, p.Checks.Action("zero-progress"))
	assert.Equal(t, policy.Enforce, p.Checks.Action("floor-zero"))
	assert.Equal(t, "25%", p.Checks.MaxUnavailable.String())
	assert.Equal(t, int32(7), p.Inject.Readiness.PeriodSeconds)
	assert.Equal(t, "everything-else", set.Resolve("other", nil, nil).Rule)
}

const head = "apiVersion: policy.evenkeel.dev/v1alpha1\nkind: RolloutPolicy\nrules:\n- name: a\n  "

func TestWhatIsWrongIsNamedByItsPath(t *testing.T) {
	for text, says := range map[string]string{
		"":                  `apiVersion: Unsupported value: "": supported values: "policy.evenkeel.dev/v1alpha1"`,
		"kind: [":           "cannot read the policy",
		head + "injekt: {}": `unknown field "rules[0].injekt"`,
		head + "inject: {strategy: {maxSurge: '%25', maxUnavailable: 0}}":              `rules[0].inject.strategy.maxSurge: Invalid value: "%25": a count of pods such as 1, or a percent such as "25%"`,
		head + "inject: {strategy: {maxSurge: 0, maxUnavailable: 0}}":                  "rules[0].inject.strategy: Invalid value",
		head + "inject: {minReadySeconds: 600}":                                        "rules[0].inject.progressDeadlineSeconds: Invalid value: 600: must be more than minReadySeconds",
		head + "inject: {versionLabel: {key: 'a b'}}":                                  "rules[0].inject.versionLabel.key",
		head + "checks: {floor-zeros: Off}":                                            `rules[0].checks[floor-zeros]: Unsupported value: "floor-zeros"`,
		head + "checks: {floor-zero: {action: Off, limit: 1}}":                         "rules[0].checks[floor-zero].limit: Forbidden",
		head + "checks: {floor-zero: {acton: Off}}":                                    "acton",
		head + "rollout: {steps: '50%,20%'}":                                           "rules[0].rollout.steps: Invalid value",
		head + "rollout: {strategy: blue-green}":                                       `rules[0].rollout.strategy: Unsupported value: "blue-green"`,
		head + "rollout: {settle: 48h}":                                                "rules[0].rollout.settle: Invalid value",
		head + "match: {namespaces: ['[']}":                                            "rules[0].match.namespaces[0]",
		head + "match: {objectSelector: {matchExpressions: [{key: a, operator: Is}]}}": "rules[0].match.objectSelector.matchExpressions[0].operator",
		head + "match: {}\n- name: a":                                                  `rules[1].name: Duplicate value: "a"`,
		head + "match: {}\n- match: {}":                                                "rules[1].name: Required value",
		strings.Repeat("#", maxPolicyBytes+1):                                          "bytes are more than",
	} {
		set, err := Load([]byte(text))
		require.ErrorContains(t, err, says)
		assert.Nil(t, set)
	}
}

func TestTheLastGoodPolicyStays(t *testing.T) {
	store := NewStore()
	require.NoError(t, store.Offer([]byte(head+"rollout: {settle: 1s}")))
	require.Error(t, store.Offer([]byte("kind: Nonsense")))
	assert.Equal(t, time.Second, store.Current().Resolve("x", nil, nil).Rollout.Settle)
	store.Reset()
	assert.Equal(t, "default", store.Current().Resolve("x", nil, nil).Rule)
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(head + "inject: {strategy: {maxSurge: 1, maxUnavailable: 0}}"))
	f.Add([]byte("{"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if set, err := Load(data); err == nil {
			set.Resolve("a", nil, nil)
		}
	})
}
