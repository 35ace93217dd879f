// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import "fmt"

// singleReplica finds one replica that a rollout may take down before the new
// one is ready.
//
// Reads spec.replicas, spec.strategy and the autoscalers. With a surge of one pod
// and no pod unavailable, even one replica is updated without a gap; and one
// that an autoscaler makes more of in a moment is none to speak of.
func singleReplica(d world) (int, string) {
	e, ok := effectOf(d.Deployment)
	if !ok || e.replicas != 1 || e.floor > 0 {
		return 0, ""
	}
	if size, _ := smallest(d); size > 1 && unsafeAt(d.Deployment, d.policy, size) == "" {
		return 0, ""
	}
	return 1, fmt.Sprintf("1 replica, maxSurge %s comes to %d and maxUnavailable %s to %d: a rollout may take the only pod down before the new one is ready. Write:\n%s",
		e.maxSurge, e.surge, e.maxDown, e.unavailable, fixStrategy("1", "0"))
}
