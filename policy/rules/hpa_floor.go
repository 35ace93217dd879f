// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// hpaFloor finds numbers that are fine at today's size and not at the smallest
// or largest one that an autoscaler may choose: percents are rounded, counts are not.
//
// Reads spec.strategy and the autoscalers' minReplicas and maxReplicas.
func hpaFloor(d world) (int, string) {
	if _, ok := effectOf(d.Deployment); !ok || unsafeAt(d.Deployment, d.policy, ptr.Deref(d.Spec.Replicas, 1)) != "" {
		return 0, "" // other checks tell
	}
	count, message := 0, ""
	for i := range d.near.Scalers {
		scaler := &d.near.Scalers[i].Spec
		low, high := ptr.Deref(scaler.MinReplicas, 1), scaler.MaxReplicas
		for _, size := range slices.Compact([]int32{low, high}) {
			why := unsafeAt(d.Deployment, d.policy, size)
			if why == "" {
				continue
			}
			if count++; count == 1 {
				message = fmt.Sprintf("HorizontalPodAutoscaler %q may scale to %d, and there %s. At its smallest %s; at its largest %s. Write:\n%s",
					d.near.Scalers[i].Name, size, why, told(d.Deployment, low), told(d.Deployment, high), fixStrategy("25%", "0"))
			}
		}
	}
	return count, message
}

// smallest is the size that the autoscalers leave at least, and which of them
// says so; without any it is today's.
func smallest(d world) (size int32, scaler string) {
	size = ptr.Deref(d.Spec.Replicas, 1)
	for i := range d.near.Scalers {
		if low := ptr.Deref(d.near.Scalers[i].Spec.MinReplicas, 1); scaler == "" || low < size {
			size, scaler = low, d.near.Scalers[i].Name
		}
	}
	return size, scaler
}

// unsafeAt says what is wrong with a rollout at a size; empty when nothing is.
func unsafeAt(d *appsv1.Deployment, p policy.Policy, size int32) string {
	e, ok := effectAt(d, size)
	limit := p.Checks.MaxUnavailable
	switch {
	case !ok:
		return ""
	case e.surge+e.unavailable == 0:
		return "no pod could ever be replaced"
	case e.floor == 0:
		return "a rollout may leave no pod ready"
	case size > 1 && !malformed(limit) && e.unavailable > scaled(limit, size, false):
		return fmt.Sprintf("%d of %d pods may be down, over the limit of %s", e.unavailable, size, limit.String())
	default:
		return ""
	}
}

// told is a rollout's effect at a size, for people.
func told(d *appsv1.Deployment, size int32) string {
	e, ok := effectAt(d, size)
	if !ok {
		return fmt.Sprintf("(%d) nothing runs", size)
	}
	return fmt.Sprintf("(%d) it keeps %d ready and peaks at %d", size, e.floor, e.peak)
}
