// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// outOfMemory is the kubelet's word for a container that was ended for its memory.
const outOfMemory = "OOMKilled"

// Health is what a version's pods have gone through. The canary's pods are as old
// as the canary, so what they count began with it.
type Health struct {
	Pods int
	// Restarts are those of all containers.
	Restarts int
	// OOMKilled are containers that were ended for their memory, last or now.
	OOMKilled int
	// NotReady are pods that were ready and are not any more.
	NotReady int
}

// HealthOf counts what pods have gone through. Those that are going are left out.
func HealthOf(pods []corev1.Pod) Health {
	var h Health
	for i := range pods {
		pod := &pods[i]
		if pod.DeletionTimestamp != nil {
			continue
		}
		h.Pods++
		for _, status := range append(pod.Status.InitContainerStatuses[:len(pod.Status.InitContainerStatuses):len(pod.Status.InitContainerStatuses)], pod.Status.ContainerStatuses...) {
			h.Restarts += int(status.RestartCount)
			if outOfMemoryIn(status.State) || outOfMemoryIn(status.LastTerminationState) {
				h.OOMKilled++
			}
		}
		if fellOut(pod) {
			h.NotReady++
		}
	}
	return h
}

func outOfMemoryIn(state corev1.ContainerState) bool {
	return state.Terminated != nil && state.Terminated.Reason == outOfMemory
}

// fellOut tells a pod that was ready from one that has not been yet: it stopped
// being ready after its containers had started.
func fellOut(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type != corev1.PodReady || condition.Status == corev1.ConditionTrue {
			continue
		}
		for _, status := range pod.Status.ContainerStatuses {
			if running := status.State.Running; running != nil && condition.LastTransitionTime.After(running.StartedAt.Time) {
				return true
			}
		}
	}
	return false
}

func judgePods(p Pods, seen map[Version]Health) (rollout.Verdict, string) {
	canary := seen[Canary]
	if canary.Pods == 0 {
		return rollout.Inconclusive, "the canary has no pods"
	}
	var wrong []string
	for _, counted := range []struct {
		n, most int
		what    string
	}{
		{canary.Restarts, p.MaxRestarts, "restarts"}, {canary.OOMKilled, p.MaxOOMKilled, "containers out of memory"},
		{canary.NotReady, p.MaxNotReady, "pods that are not ready any more"},
	} {
		if counted.n > counted.most {
			wrong = append(wrong, fmt.Sprintf("%s: %d, and may be %d", counted.what, counted.n, counted.most))
		}
	}
	numbers := fmt.Sprintf("the canary's %d pods had %d restarts, stable's %d had %d", canary.Pods, canary.Restarts, seen[Stable].Pods, seen[Stable].Restarts)
	if len(wrong) > 0 {
		return rollout.Failed, numbers + ": " + strings.Join(wrong, ", ")
	}
	return rollout.Passed, numbers
}
