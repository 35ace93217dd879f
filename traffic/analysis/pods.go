// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

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
	// NotReady are pods that were ready and are not any more, or were not for a
	// while since the last look.
	NotReady int
}

// Readiness is since when pods are ready, those that are: what a look remembers
// for the next one.
type Readiness map[types.UID]time.Time

// ReadinessOf gives that of pods.
func ReadinessOf(pods []corev1.Pod) Readiness {
	out := Readiness{}
	for i := range pods {
		if ready := conditionOf(&pods[i]); ready.Status == corev1.ConditionTrue {
			out[pods[i].UID] = ready.LastTransitionTime.Time
		}
	}
	return out
}

// HealthOf counts what pods have gone through, the last look being before; of nil
// there was none. Those that are going are left out.
func HealthOf(pods []corev1.Pod, before Readiness) Health {
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
		if fellOut(pod) || readyAgain(pod, before) {
			h.NotReady++
		}
	}
	return h
}

func outOfMemoryIn(state corev1.ContainerState) bool {
	return state.Terminated != nil && state.Terminated.Reason == outOfMemory
}

// conditionOf is the pod's condition Ready, zero where it has none.
func conditionOf(pod *corev1.Pod) corev1.PodCondition {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition
		}
	}
	return corev1.PodCondition{}
}

// fellOut tells a pod that was ready from one that has not been yet: it stopped
// being ready after its containers had started.
func fellOut(pod *corev1.Pod) bool {
	ready := conditionOf(pod)
	if ready.Type == "" || ready.Status == corev1.ConditionTrue {
		return false
	}
	return slices.ContainsFunc(pod.Status.ContainerStatuses, func(status corev1.ContainerStatus) bool {
		return status.State.Running != nil && ready.LastTransitionTime.After(status.State.Running.StartedAt.Time)
	})
}

// readyAgain tells a pod that was ready at the last look, and has become so since:
// in between it was not. Where a container has started anew meanwhile, that is a
// restart, and counted as one.
func readyAgain(pod *corev1.Pod, before Readiness) bool {
	ready := conditionOf(pod)
	since, was := before[pod.UID]
	if !was || ready.Status != corev1.ConditionTrue || !ready.LastTransitionTime.After(since) {
		return false
	}
	return !slices.ContainsFunc(pod.Status.ContainerStatuses, func(status corev1.ContainerStatus) bool {
		return status.State.Running == nil || status.State.Running.StartedAt.After(since)
	})
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
		{canary.NotReady, p.MaxNotReady, "pods that stopped being ready"},
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
