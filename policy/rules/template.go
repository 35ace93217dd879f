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
	none := policy.Injected{}
	return equality.Semantic.DeepEqual(bare(a, none), bare(b, none)) ||
		equality.Semantic.DeepEqual(bare(a, injectedA), bare(b, injectedB))
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

// changed tells whether the requester changed the template. What is only carried
// along is left out on both sides; what the user wrote over an injected part
// stays in, and makes a difference where its value does.
func changed(old, incoming *appsv1.Deployment, ours policy.Injected) bool {
	return !equality.Semantic.DeepEqual(bare(old.Spec.Template, ours), bare(incoming.Spec.Template, ours))
}

// carried is the part of a record that an incoming object only carries along:
// nobody asked for it by name, and it is left out, or has the live value, or the
// one that its own image gives.
func carried(old, incoming *appsv1.Deployment, before policy.Injected, who asked) policy.Injected {
	ours := policy.Injected{Rule: before.Rule}
	if key := before.VersionLabel; key != "" && !who.forLabel(key) {
		value, there := incoming.Spec.Template.Labels[key]
		if !there || value == old.Spec.Template.Labels[key] || value == versionOf(incoming) {
			ours.VersionLabel = key
		}
	}
	for _, name := range before.Readiness {
		now, was := containerOf(incoming, name), containerOf(old, name)
		if now == nil || was == nil || who.forReadiness(name) {
			continue
		}
		if now.ReadinessProbe == nil || equality.Semantic.DeepEqual(now.ReadinessProbe, was.ReadinessProbe) {
			ours.Readiness = append(ours.Readiness, name)
		}
	}
	return ours
}

// adopted is what a requester took out of the live template although it has the
// very value that would be injected: it stays, as ours, and nothing changes.
func (r *review) adopted() policy.Injected {
	var ours policy.Injected
	if key, version := r.wantedVersion(); key != "" {
		if _, there := r.New.Spec.Template.Labels[key]; !there && r.Old.Spec.Template.Labels[key] == version {
			ours.VersionLabel = key
		}
	}
	for i := range r.New.Spec.Template.Spec.Containers {
		container := &r.New.Spec.Template.Spec.Containers[i]
		was := containerOf(r.Old, container.Name)
		if container.ReadinessProbe != nil || was == nil || was.ReadinessProbe == nil {
			continue
		}
		if want, _, _ := r.wantedReadiness(i, container); equality.Semantic.DeepEqual(was.ReadinessProbe, want) {
			ours.Readiness = append(ours.Readiness, container.Name)
		}
	}
	return ours
}

// claimed is the part of the record that an object brings along itself which is
// there and which nobody asked for by name.
func claimed(d *appsv1.Deployment, stamped policy.Injected, who asked) policy.Injected {
	var ours policy.Injected
	if _, there := d.Spec.Template.Labels[stamped.VersionLabel]; there && !who.forLabel(stamped.VersionLabel) {
		ours.VersionLabel = stamped.VersionLabel
	}
	for _, name := range stamped.Readiness {
		if container := containerOf(d, name); container != nil && container.ReadinessProbe != nil && !who.forReadiness(name) {
			ours.Readiness = append(ours.Readiness, name)
		}
	}
	return ours
}

// merged is what one or the other holds.
func merged(a, b policy.Injected) policy.Injected {
	if a.VersionLabel == "" {
		a.VersionLabel = b.VersionLabel
	}
	for _, name := range b.Readiness {
		if !a.Probes(name) {
			a.Readiness = append(a.Readiness, name)
		}
	}
	return a
}

func (a asked) forLabel(key string) bool {
	return a.forField("spec", "template", "metadata", "labels", key)
}

func (a asked) forReadiness(container string) bool {
	return a.forField("spec", "template", "spec", "containers", item(container), "readinessProbe")
}

func containerOf(d *appsv1.Deployment, name string) *corev1.Container {
	for i := range d.Spec.Template.Spec.Containers {
		if d.Spec.Template.Spec.Containers[i].Name == name {
			return &d.Spec.Template.Spec.Containers[i]
		}
	}
	return nil
}
