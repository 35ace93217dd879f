// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// goingBack finds the revision that a changed template goes back to: one that it
// equals as it is, or once what was injected into each is left out.
func (r *review) goingBack() *policy.Revision {
	if len(r.Revisions) == 0 {
		return nil
	}
	r.ours = merged(r.ours, claimed(r.New, r.stamped, r.asked))
	whole, own := bare(r.New.Spec.Template, policy.Injected{}), bare(r.New.Spec.Template, r.ours)
	for i := range r.Revisions {
		revision := &r.Revisions[i]
		if equality.Semantic.DeepEqual(whole, bare(revision.Template, policy.Injected{})) ||
			equality.Semantic.DeepEqual(own, bare(revision.Template, revision.Injected)) {
			return revision
		}
	}
	return nil
}

// goBack gives a template the injected parts of the revision that it goes back
// to, whatever the policy says by now: so the stock controller finds the old
// ReplicaSet again, instead of making a new one.
func goBack(r *review) {
	if r.back == nil {
		return
	}
	const why = "it goes back to a revision that had it so"
	was := r.back.Injected
	for _, key := range slices.Compact([]string{r.ours.VersionLabel, was.VersionLabel}) {
		if key != "" {
			r.setVersion(key, r.back.Template.Labels[key])
		}
	}
	r.after.VersionLabel = was.VersionLabel
	for _, p := range parts {
		for i := range r.Object.Spec.Template.Spec.Containers {
			container := &r.Object.Spec.Template.Spec.Containers[i]
			if !p.has(was, container.Name) && !p.has(r.ours, container.Name) {
				continue
			}
			value := p.get(namedIn(&r.back.Template.Spec, container.Name))
			if p.has(was, container.Name) {
				p.note(&r.after, container.Name)
			}
			if !equality.Semantic.DeepEqual(p.get(container), value) {
				r.put(p, i, container, value, why)
			}
		}
	}
	if was.Grace || r.ours.Grace {
		r.putGrace(graceOf(r.Object), ptr.Deref(r.back.Template.Spec.TerminationGracePeriodSeconds, apiDefaultGrace), why)
		r.after.Grace = was.Grace
	}
}

// namedIn is the container of a name; one that is not there is empty.
func namedIn(spec *corev1.PodSpec, name string) *corev1.Container {
	for i := range spec.Containers {
		if spec.Containers[i].Name == name {
			return &spec.Containers[i]
		}
	}
	return &corev1.Container{}
}
