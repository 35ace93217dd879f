// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// waits are all that a rollout can wait for.
func waits(t *testing.T) []string {
	t.Helper()
	code := sourceOf(t, "traffic/rollout")
	guards := set(sourceOf(t, "policy/window").put("Why"), sourceOf(t, "traffic/guard").named("^wait[A-Z]"))
	return set(code.named("^(stageWaits$|wait[A-Z]|missing$)"), code.put("wait"), guards)
}

// The page names every phase, stage, wait and reason that the code has, and no other.
func TestThePageOfStates(t *testing.T) {
	text, code := page(t, "docs/states.md"), sourceOf(t, "traffic/rollout")
	reasons := set(code.named("^(reason[A-Z]|deadlineReason$)"), sourceOf(t, "webhook/workload").named("^Reason[A-Z]"))
	for _, folder := range []string{"traffic/rollout", "traffic", "webhook", "webhook/batches"} {
		there := sourceOf(t, folder)
		reasons = set(reasons, there.passed("RollBack", 1), there.passed("rollBack", 1))
	}
	for heading, want := range map[string][]string{
		"Phases": code.typed("Phase"), "Stages": code.typed("Stage"), "Waits": waits(t), "Why it goes back": reasons,
	} {
		require.NotEmpty(t, want, heading)
		assert.Equal(t, want, named(t, text, heading), heading)
	}
}

// The picture has them, too.
func TestThePictureOfStates(t *testing.T) {
	picture, code := page(t, "docs/pictures/states.svg"), sourceOf(t, "traffic/rollout")
	for _, name := range slices.Concat(code.typed("Phase"), code.typed("Stage")) {
		assert.Contains(t, picture, ">"+name+"</text>")
	}
	assert.Equal(t, len(code.typed("Phase"))+len(code.typed("Stage"))+1, strings.Count(picture, "</text>")-strings.Count(picture, `class="note"`), "widen is there twice")
}

// The reader of the source must find what is there, or nothing above could fail.
func TestWhatTheSourceSays(t *testing.T) {
	all := waits(t)
	for _, one := range []string{
		"the canary's pods are ready", "pods can be made: …", "a freeze until … is over: …", `a place for releases in namespace "…" is free (budget.namespace: …)`, `Service "…" exists`, "… exists",
		`Service "…" leads to this Deployment's pods alone: it also selects pods of another workload`,
	} {
		assert.Contains(t, all, one)
	}
	assert.Contains(t, sourceOf(t, "webhook").passed("RollBack", 1), "the strategy … was taken off")
	assert.Len(t, sourceOf(t, "traffic/rollout").typed("Stage"), 15)
}
