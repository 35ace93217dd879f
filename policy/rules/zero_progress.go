// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// zeroProgress finds a pair that comes to no surge and no unavailable pod, so
// that no pod could ever be replaced. (The stock controller would take one pod
// down at a time instead, which nobody asked for.)
func zeroProgress(d *appsv1.Deployment, _ policy.Policy) (int, string) {
	e, ok := effectOf(d)
	if !ok || e.surge+e.unavailable > 0 {
		return 0, ""
	}
	return 1, fmt.Sprintf("no pod could ever be replaced: of %s, maxSurge %s comes to 0 (rounded up) and maxUnavailable %s to 0 (rounded down). Write:\n%s",
		plural(e.replicas, "replica"), e.maxSurge, e.maxDown, fixStrategy("1", "0"))
}

// fixStrategy is the line to paste.
func fixStrategy(surge, unavailable string) string {
	return fmt.Sprintf("  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: %s, maxUnavailable: %s}}", surge, unavailable)
}
