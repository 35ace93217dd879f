// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// Each wait has its word, whatever stands in it; test/docs looks that none is without.
func TestKindsOfWaits(t *testing.T) {
	for wait, want := range map[string]WaitKind{
		"":                                   WaitNone,
		waitPerson:                           WaitPerson,
		waitHeld:                             WaitHeld,
		waitDecision(stageWaits[StageShift]): WaitPerson,
		waitDecision("ReplicaSet \"a\" has timed out"):         WaitPerson,
		waitOverdue(stageWaits[StageRelease], Duration(3)):     WaitOverdue,
		waitRefused(`pods "a" is forbidden: Service "b" gone`): WaitRefused,
		waitOthers("demo"): WaitServices,
		waitLost("demo"):   WaitServices,
		`HTTPRoute "demo" leads to Service "demo" again`:                WaitMissing,
		waitPort("stable's", "demo", "80"):                              WaitServices,
		`Service "demo" exists`:                                         WaitMissing,
		`HTTPRoute "demo" exists`:                                       WaitMissing,
		waitPlace:                                                       WaitRoutes,
		waitRendering:                                                   WaitWebhook,
		waitUnknownStage:                                                WaitPerson,
		stageWaits[StageScale]:                                          WaitPods,
		stageWaits[StageDwell]:                                          WaitTime,
		stageWaits[StageDrain]:                                          WaitTime,
		stageWaits[StageService]:                                        WaitServices,
		stageWaits[StageRoute]:                                          WaitRoutes,
		`analysis "latency" passes in this step`:                        WaitAnalysis,
		waitTaken("demo", `Deployment "other"`):                         WaitServices,
		waitForeign(`Service "demo-canary"`):                            WaitServices,
		waitForeign(`Ingress "demo-canary"`):                            WaitRoutes,
		waitProblem("no class"):                                         WaitRoutes,
		"a freeze until 2026-12-27T00:00:00Z is over: all are gone":     WaitClosed,
		"the release window opens (Mon 2026-11-23 09:00 Europe/Berlin)": WaitClosed,
		"something that a newer version waits for":                      WaitOther,
	} {
		assert.Equal(t, want, KindOfWait(wait), wait)
	}
	assert.NotContains(t, WaitKinds(), WaitNone)
	for _, one := range waitKinds {
		assert.Contains(t, WaitKinds(), one.kind)
	}
}

func TestKindsOfStageWaits(t *testing.T) {
	for stage, wait := range stageWaits {
		assert.NotEqual(t, WaitOther, KindOfWait(wait), "%s", stage)
		assert.Equal(t, WaitPerson, KindOfWait(waitDecision(wait)), "%s", stage)
		assert.Equal(t, WaitOverdue, KindOfWait(waitOverdue(wait, Duration(time.Hour))), "%s", stage)
	}
}
