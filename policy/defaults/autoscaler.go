// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package defaults

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/utils/ptr"
)

// HorizontalPodAutoscaler fills in the lowest number of replicas, the only one
// of its defaults that says how many pods a Deployment has.
func HorizontalPodAutoscaler(h *autoscalingv2.HorizontalPodAutoscaler) {
	set(&h.Spec.MinReplicas, ptr.To[int32](1))
}
