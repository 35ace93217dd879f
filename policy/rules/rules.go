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
	// ours is what the requester does not have a say in, stamped the record that
	// New brings: that of a first pass, where this is the second.
	ours, stamped policy.Injected
	asked         asked
	wants         wants
	asks          map[string]ask
	// filled names the values that a person is told of.
	filled []string
}

// injections fill in what the user left out, in this order.
var injections = []func(*review){
	injectVersion,   // the version label, from the image's tag
	injectReadiness, // a readiness probe on a declared port
	injectStrategy,  // maxSurge and maxUnavailable, together
	injectPace,      // minReadySeconds, progressDeadlineSeconds
	record,          // what of it is ours
}

// check is one thing that must hold.
type check struct {
	name string
	// find gives how badly it does not (0 means that it holds), and the message
	// that a person sees.
	find func(d *appsv1.Deployment, p policy.Policy) (severity int, message string)
	// same tells whether an object says about it what the one before said.
	same func(old, incoming *appsv1.Deployment) bool
	// graded tells that severities compare: what is no worse than before stands.
	graded bool
}

// checks are looked at in this order.
var checks = []check{
	{"malformed-percent", malformedPercent, sameShares, false},                      // numbers that are none
	{"zero-progress", zeroProgress, sameShares, true},                               // no pod could ever be replaced
	{"floor-zero", floorZero, sameShares, true},                                     // an outage by arithmetic
	{"max-unavailable", maxUnavailable, sameShares, true},                           // more pods down than the policy allows
	{"strategy", unknownStrategy, sameAnnotation(policy.StrategyAnnotation), false}, // a strategy that this version does not know
	{"steps", brokenSteps, sameAnnotation(policy.StepsAnnotation), false},           // steps that cannot be read
	{"probe", brokenProbe, sameAnnotation(policy.ProbeAnnotation), false},           // a probe that cannot be read
	{"inject", brokenInject, sameAnnotation(policy.InjectAnnotation), false},        // an injection that does not exist
}

// Review gives the plan for a Deployment. It changes nothing of the subject. An
// object that is being deleted passes as it is.
func Review(s policy.Subject) policy.Plan {
	r := &review{Subject: s}
	r.Object = s.New.DeepCopy()
	if s.New.DeletionTimestamp != nil {
		return r.Plan
	}
	// What cannot be read records nothing, and wants nothing: a check tells.
	r.stamped, _ = policy.ParseInjected(s.New.Annotations[policy.InjectedAnnotation])
	r.wants, _ = parseInject(s.New.Annotations[policy.InjectAnnotation])
	r.asks, _ = parseProbe(s.New.Annotations[policy.ProbeAnnotation])
	r.asked, r.TemplateChanged = askedOf(s.New), true
	if s.Old != nil {
		r.before, _ = policy.ParseInjected(s.Old.Annotations[policy.InjectedAnnotation])
		r.ours = merged(carried(s.Old, s.New, r.before, r.asked), r.adopted())
		r.TemplateChanged = changed(s.Old, s.New, r.ours)
		if !r.TemplateChanged {
			r.ours = merged(r.ours, claimed(s.New, r.stamped, r.asked))
		}
	}
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
		if action == policy.Enforce && r.stood(c, severity) {
			action = policy.Warn
		}
		r.Violations = append(r.Violations, policy.Violation{Check: c.name, Message: message, Action: action})
		if action == policy.Warn {
			first, _, _ := strings.Cut(message, "\n")
			r.warn("%s: %s", c.name, first)
		}
	}
}

// stood tells whether a violation was there before, and no better.
func (r *review) stood(c check, severity int) bool {
	if r.Old == nil {
		return false
	}
	before, _ := c.find(r.Old, r.Policy.WithAnnotations(r.Old.Annotations))
	return before > 0 && (c.same(r.Old, r.Object) || (c.graded && before >= severity))
}

func sameAnnotation(key string) func(old, incoming *appsv1.Deployment) bool {
	return func(old, incoming *appsv1.Deployment) bool { return old.Annotations[key] == incoming.Annotations[key] }
}

// explain says what a changed template's rolling update will do, and which
// annotations this version does not know.
func (r *review) explain() {
	if len(r.filled) > 0 {
		r.warn("injected %s", r.because(strings.Join(r.filled, ", ")))
	}
	for _, key := range unknownAnnotations(r.New.Annotations) {
		r.warn("annotation %s is not known to this version; it does nothing", key)
	}
	if numbers, ok := effectOf(r.Object); ok && r.Old != nil && r.TemplateChanged && r.Policy.Rollout.Strategy == policy.StrategyRolling {
		r.warn("the rolling update keeps %d of %d pods ready, peaks at %d, %s", numbers.floor, numbers.replicas, numbers.peak, plural(numbers.waves, "wave"))
	}
}

// maxWarning is how much of a warning clients show, in characters.
const maxWarning = 256

func (r *review) warn(format string, args ...any) {
	text := []rune("evenkeel: " + fmt.Sprintf(format, args...))
	if len(text) > maxWarning {
		text = append(text[:maxWarning-3], []rune("...")...)
	}
	r.Warnings = append(r.Warnings, string(text))
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
