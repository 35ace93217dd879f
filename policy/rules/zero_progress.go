// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
)

// zeroProgress finds a pair that comes to no surge and no unavailable pod, so
// that no pod could ever be replaced. (The stock controller would take one pod
// down at a time instead, which nobody asked for.)
func zeroProgress(d world) (int, string) {
	e, ok := effectOf(d.Deployment)
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
