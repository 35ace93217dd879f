// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"

	"k8s.io/utils/ptr"
)

// noDeadline is the progressDeadlineSeconds that the stock controller takes for none.
const noDeadline = int64(1<<31 - 1)

// tooShort finds a progressDeadlineSeconds within which no pod can get on: every
// rollout is reported as failed, however well it goes. A pod that gets ready is
// progress, and the deadline starts anew: the wait for the first answer and
// minReadySeconds count each by itself.
//
// Reads minReadySeconds, progressDeadlineSeconds, and of each container the time
// before its startup and readiness probes ask first, all in seconds.
func tooShort(d world) (int, string) {
	deadline := deadlineOf(d)
	need, why := int64(d.Spec.MinReadySeconds), fmt.Sprintf("minReadySeconds is %d", d.Spec.MinReadySeconds)
	for _, c := range Running(&d.Spec.Template.Spec) {
		wait := int64(0)
		if c.StartupProbe != nil {
			wait = int64(c.StartupProbe.InitialDelaySeconds)
		}
		if c.ReadinessProbe != nil {
			wait = max(wait, int64(c.ReadinessProbe.InitialDelaySeconds))
		}
		if wait > need {
			need, why = wait, fmt.Sprintf("a probe of container %q asks after %d s at the soonest", c.Name, wait)
		}
	}
	if need < deadline {
		return 0, ""
	}
	return int(need - deadline + 1), fmt.Sprintf("progressDeadlineSeconds %d is too short: %s, so every rollout fails. Write:\n%s",
		deadline, why, fixDeadline(need))
}

// deadlineOf is how long a rollout may take to get on, in seconds. The largest
// number that the API takes is for no deadline.
func deadlineOf(d world) int64 {
	deadline := int64(ptr.Deref(d.Spec.ProgressDeadlineSeconds, apiDefaultPeriod))
	if deadline == noDeadline {
		return 1 << 62
	}
	return deadline
}

// fixDeadline is the line to paste for what takes so many seconds.
func fixDeadline(need int64) string {
	return fmt.Sprintf("  progressDeadlineSeconds: %d", min(need+60, noDeadline))
}
