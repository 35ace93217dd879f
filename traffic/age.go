// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/traffic/index"
)

// observeAge counts the canary's ready pods that are too young yet, where their age
// matters. Those that the cache of pods does not show as ready are the youngest.
func (r *Reconciler) observeAge(ctx context.Context, w *world, rs *appsv1.ReplicaSet) error {
	canary, minReady, now := &w.snapshot.Canary, w.snapshot.State.MinReady(), r.now()
	if minReady == 0 || canary.Ready == 0 {
		return nil
	}
	var list corev1.PodList
	if err := r.client.List(ctx, &list, client.InNamespace(w.deployment.Namespace), index.OwnedBy(rs.UID), client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("cannot list Pods: %w", err)
	}
	available, soon := int32(0), minReady
	for i := range list.Items {
		pod := &list.Items[i]
		if !metav1.IsControlledBy(pod, rs) {
			continue
		}
		switch ready, left := readyFor(pod, minReady, now); {
		case ready && left > 0:
			soon = min(soon, left)
		case ready:
			available++
		}
	}
	canary.Young, canary.Next = max(canary.Ready-available, 0), now.Add(soon)
	return nil
}

// readyFor tells whether a pod is ready, and how long it has to stay so until it has
// been for d: 0 where it has, or is not ready. The cluster's times are whole seconds.
func readyFor(pod *corev1.Pod, d time.Duration, now time.Time) (ready bool, left time.Duration) {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
			if d == 0 {
				return true, 0
			}
			return true, max(condition.LastTransitionTime.Add(d).Sub(now), 0)
		}
	}
	return false, 0
}
