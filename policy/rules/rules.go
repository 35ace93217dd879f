// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// review is a plan in the making.
type review struct {
	policy.Subject
	policy.Plan
	// before is the record of what was injected into Old, after that of Object.
	before, after policy.Injected
	wants         wants
}

// injections fill in what the user left out, in this order.
var injections = []func(*review){
	injectVersion,   // the version label, from the image's tag
	injectReadiness, // a readiness probe on a declared port
	injectStrategy,  // maxSurge and maxUnavailable, together
	injectPace,      // minReadySeconds, progressDeadlineSeconds
	record,          // what of it is ours
}

// check is one thing that must hold. It gives how badly it does not (0 means
// that it holds) and the message that a person sees.
type check struct {
	name string
	find func(d *appsv1.Deployment, p policy.Policy) (severity int, message string)
}

// checks are looked at in this order.
var checks = []check{
	{"malformed-percent", malformedPercent}, // numbers that are none
	{"zero-progress", zeroProgress},         // no pod could ever be replaced
	{"floor-zero", floorZero},               // an outage by arithmetic
	{"max-unavailable", maxUnavailable},     // more pods down than the policy allows
	{"strategy", unknownStrategy},           // a strategy that this version does not know
	{"steps", brokenSteps},                  // steps that cannot be read
	{"probe", brokenProbe},                  // a probe that cannot be read
	{"inject", brokenInject},                // an injection that does not exist
}

// Review gives the plan for a Deployment. It changes nothing of the subject.
func Review(s policy.Subject) policy.Plan {
	r := &review{Subject: s}
	r.Object = s.New.DeepCopy()
	if s.Old != nil {
		r.before, _ = policy.ParseInjected(s.Old.Annotations[policy.InjectedAnnotation]) // what cannot be read records nothing
	}
	r.wants, _ = parseInject(s.New.Annotations[policy.InjectAnnotation]) // the check tells about it
	r.TemplateChanged = s.Old == nil || !sameOwnTemplate(s.Old, s.New, r.before)
	for _, inject := range injections {
		inject(r)
	}
	r.check()
	r.explain()
	return r.Plan
}

// check collects the violations. One that stood before, no better than now, only
// warns, so that nobody gets stuck on an old sin.
func (r *review) check() {
	for _, c := range checks {
		action := r.Policy.Checks.Action(c.name)
		if action == policy.Off {
			continue
		}
		severity, message := c.find(r.Object, r.Policy)
		if severity == 0 {
			continue
		}
		if r.Old != nil && action == policy.Enforce {
			if stood, _ := c.find(r.Old, r.Policy.WithAnnotations(r.Old.Annotations)); stood >= severity {
				action = policy.Warn
			}
		}
		r.Violations = append(r.Violations, policy.Violation{Check: c.name, Message: message, Action: action})
		if action == policy.Warn {
			first, _, _ := strings.Cut(message, "\n")
			r.warn("%s: %s", c.name, first)
		}
	}
}

// explain says what a changed template's rolling update will do, and which
// annotations this version does not know.
func (r *review) explain() {
	for _, key := range unknownAnnotations(r.New.Annotations) {
		r.warn("annotation %s is not known to this version; it does nothing", key)
	}
	if numbers, ok := effectOf(r.Object); ok && r.Old != nil && r.TemplateChanged && r.Policy.Rollout.Strategy == policy.StrategyRolling {
		r.warn("the rolling update keeps %d of %d pods ready, peaks at %d, %s", numbers.floor, numbers.replicas, numbers.peak, plural(numbers.waves, "wave"))
	}
}

func (r *review) warn(format string, args ...any) {
	r.Warnings = append(r.Warnings, "evenkeel: "+fmt.Sprintf(format, args...))
}

func (r *review) change(path string, value any, why string) {
	r.Changes = append(r.Changes, policy.Change{Path: path, Value: value, Why: why})
}

// because names the rule of the policy behind an injection.
func (r *review) because(what string) string {
	return fmt.Sprintf("%s (policy rule %s: nobody set it)", what, r.Policy.Rule)
}

func plural(n int32, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
