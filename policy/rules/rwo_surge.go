// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// rwoSurge finds a surge beside a volume that only one node can mount: the new
// pod, on another node, waits for a volume that the old one keeps until the new
// one is ready.
//
// Reads spec.strategy and the claims that the template mounts by name. A claim
// that is not known says nothing.
func rwoSurge(d world) (int, string) {
	e, ok := effectOf(d.Deployment)
	claims := exclusive(d.near.Claims)
	if !ok || e.surge == 0 || len(claims) == 0 {
		return 0, ""
	}
	return len(claims), fmt.Sprintf("PersistentVolumeClaim %q is %s, and a rollout starts %s beside the old: on another node it waits for the volume for ever. Write:\n  strategy: {type: Recreate, rollingUpdate: null}",
		claims[0].Name, claims[0].Spec.AccessModes[0], plural(e.more(), "new pod"))
}

// exclusive lists the claims that one node, or one pod, has for itself.
func exclusive(claims []corev1.PersistentVolumeClaim) []corev1.PersistentVolumeClaim {
	var out []corev1.PersistentVolumeClaim
	for _, claim := range claims {
		shared := slices.ContainsFunc(claim.Spec.AccessModes, func(m corev1.PersistentVolumeAccessMode) bool {
			return m != corev1.ReadWriteOnce && m != corev1.ReadWriteOncePod
		})
		if !shared && len(claim.Spec.AccessModes) > 0 {
			out = append(out, claim)
		}
	}
	return out
}
