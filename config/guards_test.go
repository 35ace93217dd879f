// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/policy/window"
)

func TestTheGuardsOfASample(t *testing.T) {
	text, err := os.ReadFile("samples/production.yaml")
	require.NoError(t, err)
	set, err := Load(text)
	require.NoError(t, err)
	assert.Equal(t, policy.Budget{Cluster: 10, Namespace: 2}, set.Budget)
	p := set.Resolve("shop-eu", map[string]string{"env": "production"}, map[string]string{"tier": "web"})
	assert.Equal(t, 5*time.Minute, p.Rollout.MinStep)
	for now, by := range map[string]window.Cause{"2026-11-20T12:00:00Z": "", "2026-11-21T12:00:00Z": window.ByWindow, "2026-12-24T12:00:00Z": window.ByFreeze} {
		when, err := time.Parse(time.RFC3339, now)
		require.NoError(t, err)
		closed, _ := p.Rollout.Calendar.Look(when)
		assert.Equal(t, by, closed.By, now)
	}
	_, open := set.Resolve("other", nil, nil).Rollout.Calendar.Look(time.Time{})
	assert.True(t, open, "another rule has none")
}

// A rule's own windows take the place of those of the defaults, also with none.
func TestARulesWindows(t *testing.T) {
	const defaults = "apiVersion: policy.evenkeel.dev/v1alpha1\nkind: RolloutPolicy\ndefaults: {rollout: {windows: [{cron: '0 9 * * *', duration: 1h}]}}\n"
	set, err := Load([]byte(defaults + "rules: [{name: always, match: {namespaces: [a]}, rollout: {windows: []}}, {name: same}]"))
	require.NoError(t, err)
	assert.Empty(t, set.Resolve("a", nil, nil).Rollout.Calendar.Windows)
	assert.Len(t, set.Resolve("b", nil, nil).Rollout.Calendar.Windows, 1)
}

// A rule's own hosts take the place of those of the defaults, also with none.
func TestARulesHosts(t *testing.T) {
	const defaults = "apiVersion: policy.evenkeel.dev/v1alpha1\nkind: RolloutPolicy\ndefaults: {rollout: {matchHosts: ['*.preview.example.com']}}\n"
	set, err := Load([]byte(defaults + "rules: [{name: none, match: {namespaces: [a]}, rollout: {matchHosts: []}}, {name: same}]"))
	require.NoError(t, err)
	assert.Equal(t, []string{}, set.Resolve("a", nil, nil).Rollout.MatchHosts)
	assert.Equal(t, []string{"*.preview.example.com"}, set.Resolve("b", nil, nil).Rollout.MatchHosts)
	assert.Nil(t, policy.Default().Resolve("a", nil, nil).Rollout.MatchHosts, "any host, where nobody says so")
}

func TestWhatIsWrongWithGuards(t *testing.T) {
	const top = "apiVersion: policy.evenkeel.dev/v1alpha1\nkind: RolloutPolicy\n"
	for text, says := range map[string]string{
		head + "rollout: {windows: [{cron: '0 9 * *', duration: 8d, timeZone: Mars}]}":           `cannot read the policy: rules[0].rollout.windows[0].duration: Invalid value: "8d": must be a duration such as "30s"`,
		head + "rollout: {windows: [{cron: '0 9 * *', timeZone: Mars}]}":                         `[rules[0].rollout.windows[0].cron: Invalid value: "0 9 * *": expected exactly 5 fields, found 4: [0 9 * *]; write for example "0 9 * * 1-5", rules[0].rollout.windows[0].duration: Invalid value: "0s": a duration from 1m to 168h, rules[0].rollout.windows[0].timeZone: Invalid value: "Mars": "Mars" is not a time zone; write for example "Europe/Berlin"]`,
		head + "rollout: {windows: [{cron: '0 9 * * *', duration: 1h, zone: UTC}]}":              `cannot read the policy: unknown field "rules[0].rollout.windows[0].zone": known here are cron, duration, timeZone`,
		head + "rollout: {freezes: [{reason: why}]}":                                             `[rules[0].rollout.freezes[0].from: Required value: a time such as "2026-12-31T18:00:00Z", rules[0].rollout.freezes[0].until: Required value: a time such as "2026-12-31T18:00:00Z"]`,
		head + "rollout: {freezes: [{from: 2026-12-27T00:00:00Z, until: 2026-12-23T00:00:00Z}]}": `[rules[0].rollout.freezes[0].until: Invalid value: "2026-12-23T00:00:00Z": a freeze ends after it begins, rules[0].rollout.freezes[0].reason: Required value: whoever waits reads it]`,
		head + "rollout: {matchHosts: [a.example.com, '*', 'B.example.com']}":                    `[rules[0].rollout.matchHosts[1]: Invalid value: "*": a host in small letters, or all below a domain: "*.preview.example.com", rules[0].rollout.matchHosts[2]: Invalid value: "B.example.com": a host in small letters, or all below a domain: "*.preview.example.com"]`,
		head + "rollout: {minStep: 48h}":                                                         `rules[0].rollout.minStep: Invalid value: "48h0m0s": a duration from 0s to 24h`,
		top + "budget: {cluster: 0, namespace: -1}":                                              `[budget.cluster: Invalid value: 0: must be 1 or more: with 0 no release would ever start; to stop them for a while, write a freeze, budget.namespace: Invalid value: -1: must be 1 or more: with 0 no release would ever start; to stop them for a while, write a freeze]`,
		head + "budget: {cluster: 1}":                                                            `cannot read the policy: unknown field "rules[0].budget"`,
	} {
		_, err := Load([]byte(text))
		require.ErrorContains(t, err, says)
	}
	_, err := Load([]byte(head + "rollout: {windows: [" + strings.Repeat("{cron: '0 9 * * *', duration: 1h},", 33) + "]}"))
	require.ErrorContains(t, err, "rules[0].rollout.windows: Too many: 33: must have at most 32 items")
	_, err = LoadLocal([]byte(top + "budget: {cluster: 1}"))
	require.ErrorContains(t, err, "budget: Forbidden: only the cluster's policy has a budget")
}
