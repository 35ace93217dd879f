// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// releaseWindow finds a rolling update outside the release windows, or in a freeze.
// It has no gate at which it could wait; a release that has one passes, and waits.
//
// Reads the policy's windows and freezes, and the time.
func releaseWindow(d world) (int, string) {
	here := policy.Workload{Kind: "Deployment", Namespace: d.Namespace, Name: d.Name}
	message := d.policy.Ungated(here, "", d.now)
	if message == "" || d.policy.Rollout.Strategy != policy.StrategyRolling || ptr.Deref(d.Spec.Replicas, 1) == 0 {
		return 0, ""
	}
	return 1, message
}

// closedBy is the guard rail that closes the way now.
func closedBy(d world) string {
	closed, _ := d.policy.Rollout.Calendar.Look(d.now)
	return string(closed.By)
}
