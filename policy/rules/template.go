// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// SameTemplate tells whether two templates are the same once what was injected
// into each, and the stock controller's own label, are left out.
func SameTemplate(a, b corev1.PodTemplateSpec, injectedA, injectedB policy.Injected) bool {
	bareA, bareB := bare(a, policy.Injected{}), bare(b, policy.Injected{})
	if equality.Semantic.DeepEqual(bareA, bareB) {
		return true
	}
	return equality.Semantic.DeepEqual(bare(a, injectedA), bare(b, injectedB))
}

// bare copies a template without what was injected into it.
func bare(t corev1.PodTemplateSpec, injected policy.Injected) *corev1.PodTemplateSpec {
	out := t.DeepCopy()
	delete(out.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
	if injected.VersionLabel != "" {
		delete(out.Labels, injected.VersionLabel)
	}
	for i := range out.Spec.Containers {
		if injected.Probes(out.Spec.Containers[i].Name) {
			out.Spec.Containers[i].ReadinessProbe = nil
		}
	}
	return out
}

// sameOwnTemplate tells whether the requester left the template as it was. What
// the user wrote over an injected part stays in, and makes a difference.
func sameOwnTemplate(old, incoming *appsv1.Deployment, before policy.Injected) bool {
	ours := carried(old, incoming, before)
	return equality.Semantic.DeepEqual(bare(old.Spec.Template, before), bare(incoming.Spec.Template, ours))
}

// carried is the part of a record that an incoming object only carries along:
// its value is the live one, or the one that its own image would give.
func carried(old, incoming *appsv1.Deployment, before policy.Injected) policy.Injected {
	ours := policy.Injected{Rule: before.Rule}
	if key := before.VersionLabel; key != "" {
		value, there := incoming.Spec.Template.Labels[key]
		if !there || value == old.Spec.Template.Labels[key] || value == versionOf(incoming) {
			ours.VersionLabel = key
		}
	}
	for _, name := range before.Readiness {
		now, was := containerOf(incoming, name), containerOf(old, name)
		if now == nil || was == nil {
			continue
		}
		if now.ReadinessProbe == nil || equality.Semantic.DeepEqual(now.ReadinessProbe, was.ReadinessProbe) {
			ours.Readiness = append(ours.Readiness, name)
		}
	}
	return ours
}

func containerOf(d *appsv1.Deployment, name string) *corev1.Container {
	for i := range d.Spec.Template.Spec.Containers {
		if d.Spec.Template.Spec.Containers[i].Name == name {
			return &d.Spec.Template.Spec.Containers[i]
		}
	}
	return nil
}
