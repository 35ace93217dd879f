// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"strings"

	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/utils/ptr"
)

// pdb finds a PodDisruptionBudget that never lets a pod be evicted, so that a
// drain of its node waits for ever, and more than one for the same pods, with
// which eviction refuses each of them.
//
// Reads spec.replicas, or the autoscalers' minReplicas where there are some, and
// the budgets.
// Percents of a budget round up, both of them.
func pdb(d world) (int, string) {
	budgets := d.near.Budgets
	if len(budgets) == 0 || ptr.Deref(d.Spec.Replicas, 1) == 0 {
		return 0, ""
	}
	if len(budgets) > 1 {
		var names []string
		for i := range budgets {
			names = append(names, fmt.Sprintf("%q", budgets[i].Name))
		}
		return len(budgets), fmt.Sprintf("%d PodDisruptionBudgets select these pods (%s): eviction refuses pods that have more than one, so no node can be drained. Keep one of them",
			len(budgets), strings.Join(names, ", "))
	}
	size, whose := smallest(d)
	if size == 0 {
		return 0, ""
	}
	if whose != "" {
		whose = fmt.Sprintf(", the smallest of HorizontalPodAutoscaler %q", whose)
	}
	allowed, numbers := evictable(&budgets[0], size)
	if allowed > 0 {
		return 0, ""
	}
	return 1, fmt.Sprintf("PodDisruptionBudget %q lets no pod be evicted: %s at %s%s, so a drain of a node waits for ever. Write in its spec, instead of what it says:\n  maxUnavailable: 1",
		budgets[0].Name, numbers, plural(size, "replica"), whose)
}

// evictable is how many pods of so many a budget lets be evicted.
func evictable(b *policyv1.PodDisruptionBudget, size int32) (allowed int32, numbers string) {
	switch {
	case b.Spec.MaxUnavailable != nil && !malformed(*b.Spec.MaxUnavailable):
		allowed = scaled(*b.Spec.MaxUnavailable, size, true)
		return allowed, fmt.Sprintf("maxUnavailable %s is %d", b.Spec.MaxUnavailable, allowed)
	case b.Spec.MinAvailable != nil && !malformed(*b.Spec.MinAvailable):
		least := scaled(*b.Spec.MinAvailable, size, true)
		return size - least, fmt.Sprintf("minAvailable %s is %d", b.Spec.MinAvailable, least)
	default:
		return size, ""
	}
}
