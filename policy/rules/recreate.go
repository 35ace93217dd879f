// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/utils/ptr"
)

// recreate finds a strategy that stops every pod before the first new one
// starts. Where the pods share a volume that only one node, or one pod, can
// mount, or take a port of their node, there may be no other way, and nothing is
// said; nor of a claim that is not known.
//
// Reads spec.strategy.type, spec.replicas, the claims and the ports.
func recreate(d world) (int, string) {
	replicas := ptr.Deref(d.Spec.Replicas, 1)
	if d.Spec.Strategy.Type != appsv1.RecreateDeploymentStrategyType || replicas == 0 {
		return 0, ""
	}
	if sharesAClaim(d) || len(nodePorts(&d.Spec.Template.Spec)) > 0 {
		return 0, ""
	}
	every := "its only pod"
	if replicas > 1 {
		every = fmt.Sprintf("all %d pods", replicas)
	}
	return 1, fmt.Sprintf("strategy Recreate stops %s before the first new one is ready: every rollout is an outage. Write:\n%s",
		every, fixStrategy("25%", "0"))
}

// sharesAClaim tells whether the pods mount a claim that one node, or one pod,
// has for itself, as far as is known.
func sharesAClaim(d world) bool {
	named := map[string]bool{}
	for _, volume := range d.Spec.Template.Spec.Volumes {
		if volume.PersistentVolumeClaim != nil {
			named[volume.PersistentVolumeClaim.ClaimName] = true
		}
	}
	for i := range d.near.Claims {
		delete(named, d.near.Claims[i].Name)
	}
	return len(named) > 0 || len(exclusive(d.near.Claims)) > 0
}
