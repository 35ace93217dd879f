// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"

	"k8s.io/utils/ptr"
)

// tooShort finds a progressDeadlineSeconds within which no pod can become
// available: every rollout is reported as failed, however well it goes.
//
// Reads minReadySeconds, progressDeadlineSeconds, and of each container the time
// before its startup and readiness probes ask first, all in seconds.
func tooShort(d world) (int, string) {
	deadline := ptr.Deref(d.Spec.ProgressDeadlineSeconds, apiDefaultPeriod)
	soonest, name := int32(0), ""
	for _, c := range running(&d.Spec.Template.Spec) {
		wait := int32(0)
		if c.StartupProbe != nil {
			wait = c.StartupProbe.InitialDelaySeconds
		}
		if c.ReadinessProbe != nil {
			wait = max(wait, c.ReadinessProbe.InitialDelaySeconds)
		}
		if wait > soonest {
			soonest, name = wait, c.Name
		}
	}
	need := soonest + d.Spec.MinReadySeconds
	if need < deadline {
		return 0, ""
	}
	why := ""
	if name != "" {
		why = fmt.Sprintf(" (%d s before a probe of container %q asks first)", soonest, name)
	}
	return int(need - deadline + 1), fmt.Sprintf("progressDeadlineSeconds %d is too short: a pod needs %d s at least%s, minReadySeconds %d among them, so every rollout fails. Write:\n  progressDeadlineSeconds: %d",
		deadline, need, why, d.Spec.MinReadySeconds, need+60)
}
