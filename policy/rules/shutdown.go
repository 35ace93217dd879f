// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// apiDefaultGrace is the API's terminationGracePeriodSeconds.
const apiDefaultGrace = int64(30)

// preStopPart is a sleep before a container that serves is told to end, so that
// whoever leads traffic to it hears of that first. The sleep is the kubelet's
// own: the image needs no shell.
//
// Reads containers[].ports, the annotation evenkeel.dev/probe and the Services;
// writes containers[].lifecycle.preStop. Never over a hook of the user's, and
// not where the user's own grace period leaves the process no time after it.
var preStopPart = part{
	name: "preStop", path: []string{"lifecycle", "preStop"},
	get: func(c *corev1.Container) any {
		if c.Lifecycle != nil && c.Lifecycle.PreStop != nil {
			return c.Lifecycle.PreStop
		}
		return nil
	},
	set:      setPreStop,
	recorded: func(i *policy.Injected) *[]string { return &i.PreStop },
	change: func(c *corev1.Container) (string, any) {
		if c.Lifecycle == nil {
			return "lifecycle", nil
		}
		return "lifecycle/preStop", c.Lifecycle.PreStop
	},
	wish: (*review).wantedPreStop,
}

func setPreStop(c *corev1.Container, value any) {
	hook, _ := value.(*corev1.LifecycleHandler)
	if c.Lifecycle == nil {
		c.Lifecycle = &corev1.Lifecycle{}
	}
	c.Lifecycle.PreStop = hook.DeepCopy()
	if equality.Semantic.DeepEqual(*c.Lifecycle, corev1.Lifecycle{}) {
		c.Lifecycle = nil
	}
}

func (r *review) wantedPreStop(c *corev1.Container) wish {
	seconds := ptr.Deref(r.Policy.Inject.PreStopSeconds, 0)
	if seconds == 0 || !r.wants.shutdown {
		return wish{}
	}
	what, evidence := r.evidence(c)
	if what.kind == none {
		return wish{}
	}
	if graceOf(r.New) <= seconds && !r.graceGrows() {
		return wish{}
	}
	return wish{
		value: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: seconds}},
		what:  fmt.Sprintf("a preStop sleep of %d s", seconds), evidence: evidence,
	}
}

// injectGrace fills in terminationGracePeriodSeconds, which grows with the
// injected sleep: the process keeps the time that it had to end.
//
// Reads and writes spec.template.spec.terminationGracePeriodSeconds.
func injectGrace(r *review) {
	if r.back != nil {
		return
	}
	spec := &r.Object.Spec.Template.Spec
	have := ptr.Deref(spec.TerminationGracePeriodSeconds, apiDefaultGrace)
	if !r.TemplateChanged {
		if r.ours.Grace {
			r.after.Grace = true
			r.putGrace(have, ptr.Deref(r.Old.Spec.Template.Spec.TerminationGracePeriodSeconds, apiDefaultGrace), "carried over: it was injected before")
		}
		return
	}
	want := r.wantedGrace()
	switch {
	case want == 0 && r.ours.Grace:
		r.putGrace(have, apiDefaultGrace, "the policy does not inject it any more")
	case want == 0:
	case !r.graceIsOurs() || (r.stamped.Grace && !r.ours.Grace && have != want && have != apiDefaultGrace):
		r.keep("terminationGracePeriodSeconds", r.asked.by(gracePath...))
	default:
		r.after.Grace = true
		r.putGrace(have, want, r.because(fmt.Sprintf("terminationGracePeriodSeconds %d", want)))
		if have != want {
			r.filled = append(r.filled, fmt.Sprintf("terminationGracePeriodSeconds %d", want))
		}
	}
}

var gracePath = []string{"spec", "template", "spec", "terminationGracePeriodSeconds"}

func (r *review) putGrace(have, want int64, why string) {
	if have == want {
		return
	}
	r.Object.Spec.Template.Spec.TerminationGracePeriodSeconds = &want
	r.change("/spec/template/spec/terminationGracePeriodSeconds", want, why)
}

// graceIsOurs tells whether nobody set the grace period: it is the API's default,
// or was injected.
func (r *review) graceIsOurs() bool {
	if r.asked.by(gracePath...) != "" {
		return false
	}
	have := ptr.Deref(r.New.Spec.Template.Spec.TerminationGracePeriodSeconds, apiDefaultGrace)
	return have == apiDefaultGrace || r.ours.Grace || r.stamped.Grace
}

// graceGrows tells whether a grace period that the sleep would use up can be made
// longer. One that a first pass gave is longer already, so a record that the
// object brings along says nothing here.
func (r *review) graceGrows() bool {
	return r.asked.by(gracePath...) == "" && (graceOf(r.New) == apiDefaultGrace || r.ours.Grace)
}

// wantedGrace is the grace period that the policy gives this template; 0 is none.
func (r *review) wantedGrace() int64 {
	if !r.wants.shutdown {
		return 0
	}
	sleep := int64(0)
	for i := range r.New.Spec.Template.Spec.Containers {
		c := &r.New.Spec.Template.Spec.Containers[i]
		want := r.wantedPreStop(c)
		have := preStopPart.get(c)
		if want.value != nil && (have == nil || preStopPart.has(r.ours, c.Name) || equality.Semantic.DeepEqual(have, want.value)) {
			sleep = *r.Policy.Inject.PreStopSeconds
		}
	}
	if r.Policy.Inject.TerminationGracePeriodSeconds == nil && sleep == 0 {
		return 0
	}
	return ptr.Deref(r.Policy.Inject.TerminationGracePeriodSeconds, apiDefaultGrace) + sleep
}
