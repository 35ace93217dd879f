// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// surgeQuota finds a surge that does not fit into what a ResourceQuota leaves:
// the new pods are refused, and the rollout stands still until its deadline.
//
// Reads the template's resources, spec.strategy and the quotas' hard and used.
// A quota with scopes may be for other pods, and is left out.
func surgeQuota(d world) (int, string) {
	e, ok := effectOf(d.Deployment)
	if !ok || e.surge == 0 {
		return 0, ""
	}
	one := demand(&d.Spec.Template.Spec)
	for i := range d.near.Quotas {
		quota := &d.near.Quotas[i]
		if len(quota.Spec.Scopes) > 0 || quota.Spec.ScopeSelector != nil {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(quota.Status.Hard)) {
			if text := short(name, one, quota, e); text != "" {
				return 1, fmt.Sprintf("ResourceQuota %q: %s. Raise it, or write:\n%s", quota.Name, text, fixStrategy("0", "1"))
			}
		}
	}
	return 0, ""
}

// short says what of a resource is missing for the surge; empty when nothing is.
func short(name corev1.ResourceName, one corev1.ResourceList, quota *corev1.ResourceQuota, e effect) string {
	need, asks := one[name]
	if !asks {
		return ""
	}
	all := need.DeepCopy()
	all.Mul(int64(e.more()))
	hard, used := quota.Status.Hard[name], quota.Status.Used[name]
	left := hard.DeepCopy()
	left.Sub(used)
	if all.Cmp(left) <= 0 {
		return ""
	}
	return fmt.Sprintf("the surge of %s (maxSurge %s of %s) needs %s of %s, and %s of %s is left",
		plural(e.more(), "pod"), e.maxSurge, plural(e.replicas, "replica"), all.String(), name, left.String(), hard.String())
}

// demand is what one pod takes of a quota, by the quota's names: its containers
// together, or the largest of its init containers beside what runs all the time.
func demand(spec *corev1.PodSpec) corev1.ResourceList {
	requests, limits := peakOf(spec, requestsOf), peakOf(spec, limitsOf)
	out := corev1.ResourceList{corev1.ResourcePods: resource.MustParse("1"), "count/pods": resource.MustParse("1")}
	for name, amount := range requests {
		out["requests."+name] = amount
		if name == corev1.ResourceCPU || name == corev1.ResourceMemory || name == corev1.ResourceEphemeralStorage {
			out[name] = amount
		}
	}
	for name, amount := range limits {
		out["limits."+name] = amount
	}
	return out
}

// requestsOf are a side of what is asked for: a limit without a request is both.
func requestsOf(r *corev1.ResourceRequirements) corev1.ResourceList {
	out := corev1.ResourceList{}
	maps.Copy(out, r.Limits)
	maps.Copy(out, r.Requests)
	return out
}

func limitsOf(r *corev1.ResourceRequirements) corev1.ResourceList { return r.Limits }

// peakOf adds up one side of the resources as a quota does.
func peakOf(spec *corev1.PodSpec, of func(*corev1.ResourceRequirements) corev1.ResourceList) corev1.ResourceList {
	total, sidecars, largest := corev1.ResourceList{}, corev1.ResourceList{}, corev1.ResourceList{}
	for i := range spec.InitContainers {
		c := &spec.InitContainers[i]
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			add(sidecars, of(&c.Resources))
			continue
		}
		while := sidecars.DeepCopy()
		add(while, of(&c.Resources))
		raise(largest, while)
	}
	for i := range spec.Containers {
		add(total, of(&spec.Containers[i].Resources))
	}
	add(total, sidecars)
	raise(total, largest)
	if spec.Resources != nil { // the pod's own word counts over its containers'
		maps.Copy(total, of(spec.Resources))
	}
	add(total, spec.Overhead)
	return total
}

func add(to, more corev1.ResourceList) {
	for name, amount := range more {
		sum := to[name].DeepCopy()
		sum.Add(amount)
		to[name] = sum
	}
}

func raise(to, least corev1.ResourceList) {
	for name, amount := range least {
		if have := to[name]; have.Cmp(amount) < 0 {
			to[name] = amount
		}
	}
}
