// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// Every wait that the source has is of a kind that metrics show; a new one gets a
// row in traffic/rollout/wait_kinds.go.
func TestEveryWaitHasAKind(t *testing.T) {
	code := sourceOf(t, "traffic/batch")
	for _, wait := range set(waits(t), code.named("^(stageWaits$|wait[A-Z])"), code.put("wait")) {
		assert.NotEqual(t, rollout.WaitOther, rollout.KindOfWait(wait), wait)
	}
}
