// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/utils/ptr"

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
		for _, p := range parts {
			if p.has(injected, out.Spec.Containers[i].Name) {
				p.set(&out.Spec.Containers[i], nil)
			}
		}
	}
	if injected.Grace {
		out.Spec.TerminationGracePeriodSeconds = nil
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
func carried(old, incoming *appsv1.Deployment, before policy.Injected, who asked, from string) policy.Injected {
	ours := policy.Injected{Rule: before.Rule}
	if key := before.VersionLabel; key != "" && !who.forLabel(key) {
		value, there := incoming.Spec.Template.Labels[key]
		if !there || value == old.Spec.Template.Labels[key] || value == versionOf(incoming, from) {
			ours.VersionLabel = key
		}
	}
	for _, p := range parts {
		for _, name := range *p.recorded(&before) {
			now, was := containerOf(incoming, name), containerOf(old, name)
			if now == nil || was == nil || p.askedBy(who, name) != "" {
				continue
			}
			if have := p.get(now); have == nil || equality.Semantic.DeepEqual(have, p.get(was)) {
				p.note(&ours, name)
			}
		}
	}
	grace, live := graceOf(incoming), graceOf(old)
	ours.Grace = before.Grace && !who.forField(gracePath...) && (grace == apiDefaultGrace || grace == live)
	return ours
}

func graceOf(d *appsv1.Deployment) int64 {
	return ptr.Deref(d.Spec.Template.Spec.TerminationGracePeriodSeconds, apiDefaultGrace)
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
		for _, p := range parts {
			if was == nil || p.get(container) != nil || p.get(was) == nil {
				continue
			}
			if equality.Semantic.DeepEqual(p.get(was), p.wish(r, container).value) {
				p.note(&ours, container.Name)
			}
		}
	}
	ours.Grace = graceOf(r.New) == apiDefaultGrace && graceOf(r.Old) != apiDefaultGrace && graceOf(r.Old) == r.wantedGrace()
	return ours
}

// claimed is the part of the record that an object brings along itself which is
// there and which nobody asked for by name.
func claimed(d *appsv1.Deployment, stamped policy.Injected, who asked) policy.Injected {
	var ours policy.Injected
	if _, there := d.Spec.Template.Labels[stamped.VersionLabel]; there && !who.forLabel(stamped.VersionLabel) {
		ours.VersionLabel = stamped.VersionLabel
	}
	for _, p := range parts {
		for _, name := range *p.recorded(&stamped) {
			if container := containerOf(d, name); container != nil && p.get(container) != nil && p.askedBy(who, name) == "" {
				p.note(&ours, name)
			}
		}
	}
	ours.Grace = stamped.Grace && !who.forField(gracePath...)
	return ours
}

// merged is what one or the other holds.
func merged(a, b policy.Injected) policy.Injected {
	if a.VersionLabel == "" {
		a.VersionLabel = b.VersionLabel
	}
	for _, p := range parts {
		for _, name := range *p.recorded(&b) {
			p.note(&a, name)
		}
	}
	a.Grace = a.Grace || b.Grace
	return a
}

func (a asked) forLabel(key string) bool {
	return a.forField("spec", "template", "metadata", "labels", key)
}

func containerOf(d *appsv1.Deployment, name string) *corev1.Container {
	for i := range d.Spec.Template.Spec.Containers {
		if d.Spec.Template.Spec.Containers[i].Name == name {
			return &d.Spec.Template.Spec.Containers[i]
		}
	}
	return nil
}
