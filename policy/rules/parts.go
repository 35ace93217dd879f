// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// part is one thing that is injected into containers of a changed template, and
// carried over from the live object on every other write.
type part struct {
	// name is what people call it, path where it is below a container.
	name string
	path []string
	// get gives the part, nil where there is none; set puts it, nil takes it away.
	get func(c *corev1.Container) any
	set func(c *corev1.Container, value any)
	// change gives the pointer below the container, and its value, that a patch sets.
	change func(c *corev1.Container) (path string, value any)
	// recorded is where the record keeps the containers that have it.
	recorded func(i *policy.Injected) *[]string
	// wish is what the policy gives a container.
	wish func(r *review, c *corev1.Container) wish
}

// wish is an injection that the policy wants; no value is none.
type wish struct {
	value any
	// what and evidence tell a person, as in "injected WHAT into container, by EVIDENCE".
	what, evidence string
}

// parts are all of them, in the order in which they are injected.
var parts = []part{readinessPart, startupPart, livenessPart, preStopPart}

// has tells whether a record names a container for this part.
func (p part) has(record policy.Injected, container string) bool {
	return slices.Contains(*p.recorded(&record), container)
}

// note records that a container's part is ours.
func (p part) note(record *policy.Injected, container string) {
	list := p.recorded(record)
	if !slices.Contains(*list, container) {
		*list = append(slices.Clone(*list), container)
		slices.Sort(*list)
	}
}

// askedBy tells who asked for a container's part by name; "" is nobody.
func (p part) askedBy(who asked, container string) string {
	return who.by(append([]string{"spec", "template", "spec", "containers", item(container)}, p.path...)...)
}

// injectParts fills in the parts of every container.
func injectParts(r *review) {
	if r.back != nil {
		return
	}
	for _, p := range parts {
		for i := range r.Object.Spec.Template.Spec.Containers {
			container := &r.Object.Spec.Template.Spec.Containers[i]
			if r.TemplateChanged {
				r.give(p, i, container)
			} else {
				r.carry(p, i, container)
			}
		}
	}
}

// carry puts back what was injected where the requester left it out.
func (r *review) carry(p part, i int, container *corev1.Container) {
	if !p.has(r.ours, container.Name) {
		return
	}
	p.note(&r.after, container.Name)
	if was := containerOf(r.Old, container.Name); p.get(container) == nil && p.get(was) != nil {
		r.put(p, i, container, p.get(was), "carried over: it was injected before")
	}
}

// give gives a container of a changed template its part, in place of none or of
// one that was injected.
func (r *review) give(p part, i int, container *corev1.Container) {
	have := p.get(container)
	ours := have == nil || p.has(r.ours, container.Name)
	want := p.wish(r, container)
	if want.value == nil {
		if ours && have != nil {
			r.put(p, i, container, nil, "the policy does not inject it any more")
		}
		return
	}
	equal := have != nil && equality.Semantic.DeepEqual(have, want.value)
	by := p.askedBy(r.asked, container.Name)
	if !ours && (!equal || by != "" || !p.has(r.stamped, container.Name)) {
		r.keep(fmt.Sprintf("%s of container %q", p.name, container.Name), by)
		return
	}
	p.note(&r.after, container.Name)
	if equal {
		return
	}
	r.put(p, i, container, want.value, r.because(fmt.Sprintf("%s of container %q", p.name, container.Name)))
	r.warn("injected %s into container %q, by %s (policy rule %s: nobody set one)", want.what, container.Name, want.evidence, r.Policy.Rule)
}

func (r *review) put(p part, i int, container *corev1.Container, value any, why string) {
	p.set(container, value)
	path, value := p.change(container)
	r.change(fmt.Sprintf("/spec/template/spec/containers/%d/%s", i, path), value, why)
}

// probePart is a probe of a container.
func probePart(name string, at func(*corev1.Container) **corev1.Probe, recorded func(*policy.Injected) *[]string,
	wanted func(*review, *corev1.Container) wish,
) part {
	get := func(c *corev1.Container) any {
		if probe := *at(c); probe != nil {
			return probe
		}
		return nil
	}
	return part{
		name: name, path: []string{name}, get: get, recorded: recorded, wish: wanted,
		set: func(c *corev1.Container, value any) {
			probe, _ := value.(*corev1.Probe)
			*at(c) = probe.DeepCopy()
		},
		change: func(c *corev1.Container) (string, any) { return name, get(c) },
	}
}
