// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/policy/defaults"
	"github.com/evenkeel-dev/evenkeel/test/fixture/corpus"
)

// What is found in some 400 manifests as public charts have them, alone and with
// every check enforced. A number that moves is a verdict that somebody will see
// or miss: look at each before writing it anew.
func TestWhatIsFoundInTheCorpus(t *testing.T) {
	found := map[string]int{}
	for _, item := range corpus.All() {
		d := &appsv1.Deployment{}
		require.NoError(t, yaml.Unmarshal([]byte(item.Manifest), d), item.Name)
		defaults.Deployment(d)
		for _, v := range Review(strict(policy.Subject{New: d, Now: morning})).Violations {
			found[v.Check]++
			first, _, _ := strings.Cut(v.Message, "\n")
			t.Logf("%s: %s: %s", item.Name, v.Check, first)
		}
	}
	assert.Equal(t, map[string]int{
		"zero-progress":    8,
		"floor-zero":       7,
		"max-unavailable":  7,
		"single-replica":   9,   // one model, with maxUnavailable 100%
		"recreate":         5,   // without a claim and without a port of the node
		"host-port":        26,  // four shapes, and edits that share the node's network
		"probe-port":       8,   // edits that take the ports away, or ask one called https
		"probe-budget":     14,  // a proxy that may take 600 s to start
		"grace":            1,   // a grace period of 0
		"selector-version": 16,  // the edit of that name
		"mutable-tag":      118, // shapes and edits with latest, or no tag
	}, found)
}
