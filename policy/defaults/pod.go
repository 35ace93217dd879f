// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package defaults

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"
)

func podSpec(p *corev1.PodSpec) {
	set(&p.RestartPolicy, corev1.RestartPolicyAlways)
	set(&p.DNSPolicy, corev1.DNSClusterFirst)
	set(&p.SchedulerName, corev1.DefaultSchedulerName)
	set(&p.SecurityContext, &corev1.PodSecurityContext{})
	set(&p.TerminationGracePeriodSeconds, ptr.To[int64](corev1.DefaultTerminationGracePeriodSeconds))
	serviceAccount(p)
	roundUp(p.Overhead)
	if p.Resources != nil {
		resources(p.Resources)
	}
	for i := range p.Volumes {
		volume(&p.Volumes[i])
	}
	for i := range p.InitContainers {
		container(&p.InitContainers[i])
	}
	for i := range p.Containers {
		container(&p.Containers[i])
	}
	for i := range p.EphemeralContainers {
		container((*corev1.Container)(&p.EphemeralContainers[i].EphemeralContainerCommon))
	}
}

// serviceAccount keeps both names of the one field alike; the newer name wins.
func serviceAccount(p *corev1.PodSpec) {
	set(&p.ServiceAccountName, p.DeprecatedServiceAccount)
	p.DeprecatedServiceAccount = p.ServiceAccountName
}

func resources(r *corev1.ResourceRequirements) {
	roundUp(r.Limits)
	roundUp(r.Requests)
}

// roundUp rounds to thousandths, the finest that the API keeps.
func roundUp(list corev1.ResourceList) {
	for name, quantity := range list {
		quantity.RoundUp(resource.Milli)
		list[name] = quantity
	}
}
