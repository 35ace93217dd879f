// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
)

// maxUnavailable finds a rolling update that may take down more pods at once
// than the policy's limit, both in pods after rounding down. A single replica
// has no share to speak of.
func maxUnavailable(d world) (int, string) {
	e, ok := effectOf(d.Deployment)
	limit := d.policy.Checks.MaxUnavailable
	if !ok || e.replicas < 2 || malformed(limit) {
		return 0, ""
	}
	allowed := scaled(limit, e.replicas, false)
	if e.unavailable <= allowed {
		return 0, ""
	}
	severity := int(int64(e.unavailable) * 1000 / int64(e.replicas))
	return severity, fmt.Sprintf("maxUnavailable %s is %d of %s; policy rule %s allows %s, which is %d. A rollout would keep %d ready. Write:\n%s",
		e.maxDown, e.unavailable, plural(e.replicas, "replica"), d.policy.Rule, limit.String(), allowed, e.floor, fixStrategy("25%", fmt.Sprint(allowed)))
}
