// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import "fmt"

// probeBudget finds a startup probe that gives a pod more time than the rollout
// has: a pod that is still allowed to start counts as a rollout that failed.
//
// Reads startupProbe of the containers and progressDeadlineSeconds, in seconds.
func probeBudget(d world) (int, string) {
	deadline := deadlineOf(d)
	slowest, name := int64(0), ""
	for _, c := range Running(&d.Spec.Template.Spec) {
		if p := c.StartupProbe; p != nil {
			if budget := int64(p.InitialDelaySeconds) + int64(or(p.PeriodSeconds, 10))*int64(or(p.FailureThreshold, 3)); budget > slowest {
				slowest, name = budget, c.Name
			}
		}
	}
	if slowest < deadline {
		return 0, ""
	}
	return int(slowest), fmt.Sprintf("the startup probe of container %q allows %d s, and progressDeadlineSeconds %d: a pod that may still start fails the rollout. Write:\n%s",
		name, slowest, deadline, fixDeadline(slowest))
}
