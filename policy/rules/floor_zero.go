// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
)

// floorZero finds an outage by arithmetic: two replicas or more, and a
// maxUnavailable that may take all of them down at once.
func floorZero(d world) (int, string) {
	e, ok := effectOf(d.Deployment)
	if !ok || e.replicas < 2 || e.floor > 0 {
		return 0, ""
	}
	return 1, fmt.Sprintf("an outage by arithmetic: maxUnavailable %s is %d of %s, so a rollout may leave 0 pods ready. Write:\n%s",
		e.maxDown, e.unavailable, plural(e.replicas, "replica"), fixStrategy("25%", "0"))
}
