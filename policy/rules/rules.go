// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/policy/excerpt"
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
	// back is the revision that a changed template goes back to; nil is none.
	back  *policy.Revision
	asked asked
	wants wants
	asks  map[string]ask
	// filled names the values that a person is told of.
	filled []string
}

// injections fill in what the user left out, in this order.
var injections = []func(*review){
	goBack,         // all of the template, where it is one that was there before
	injectVersion,  // the version label, from the image
	injectParts,    // probes on declared ports, and the sleep before the end
	warnUnprobed,   // what there was no evidence for
	injectGrace,    // the grace period, which grows with the sleep
	injectStrategy, // maxSurge and maxUnavailable, together
	injectPace,     // minReadySeconds, progressDeadlineSeconds
	injectHistory,  // revisionHistoryLimit
	injectCause,    // what kubectl rollout history shows
	record,         // what of it is ours
}

// world is what a check looks at.
type world struct {
	*appsv1.Deployment
	policy policy.Policy
	near   policy.Neighbours
	now    time.Time
}

// check is one thing that must hold.
type check struct {
	name string
	// find gives how badly it does not (0 means that it holds), and the message
	// that a person sees.
	find func(w world) (severity int, message string)
	// same tells whether an object says about it what the one before said; nil
	// compares the messages.
	same func(old, incoming *appsv1.Deployment) bool
	// graded tells that severities compare: what is no worse than before stands.
	graded bool
	// needs are the kinds of neighbours without which there is no verdict.
	needs []policy.Kind
	// late tells that on CREATE it only warns: what it needs may come right after.
	late bool
	// change tells that it is about a template that changes, and not back.
	change bool
	// alias is another name by which an override lets it pass; nil is none.
	alias func(w world) string
}

// checks are looked at in this order, which is that of policy.AllChecks.
var checks = []check{
	{name: "malformed-percent", find: malformedPercent, same: sameShares},
	{name: "zero-progress", find: zeroProgress, same: sameShares, graded: true},
	{name: "floor-zero", find: floorZero, same: sameShares, graded: true},
	{name: "max-unavailable", find: maxUnavailable, same: sameShares, graded: true},
	{name: "single-replica", find: singleReplica, same: sameShares, graded: true},
	{name: "recreate", find: recreate, graded: true},
	{name: "hpa-floor", find: hpaFloor, graded: true, needs: []policy.Kind{policy.Scalers}},
	{name: "pdb", find: pdb, graded: true, needs: []policy.Kind{policy.Budgets}},
	{name: "surge-quota", find: surgeQuota, graded: true, needs: []policy.Kind{policy.Quotas}},
	{name: "rwo-surge", find: rwoSurge, graded: true, needs: []policy.Kind{policy.Claims}},
	{name: "host-port", find: hostPort, graded: true},
	{name: "readiness-missing", find: readinessMissing, graded: true, needs: []policy.Kind{policy.Services}},
	{name: "probe-port", find: probePort, graded: true},
	{name: "probe-budget", find: probeBudget, graded: true},
	{name: "deadline", find: tooShort, graded: true},
	{name: "grace", find: grace, graded: true},
	{name: "selector-version", find: selectorVersion, graded: true},
	{name: "mutable-tag", find: mutableTag, graded: true},
	{name: "strategy", find: unknownStrategy, same: sameAnnotation(policy.StrategyAnnotation)},
	{name: "steps", find: brokenSteps, same: sameAnnotation(policy.StepsAnnotation)},
	{name: "analysis", find: unknownAnalysis, same: sameAnnotation(policy.AnalysisAnnotation)},
	{name: "no-route", find: noRoute, needs: []policy.Kind{policy.Services, policy.Routes}, late: true},
	{name: "release-window", find: releaseWindow, change: true, alias: closedBy},
	{name: "probe", find: brokenProbe, same: sameAnnotation(policy.ProbeAnnotation)},
	{name: "inject", find: brokenInject, same: sameAnnotation(policy.InjectAnnotation)},
	{name: "override", find: brokenOverride, same: sameAnnotation(policy.OverrideAnnotation)},
}

// Review gives the plan for a Deployment. It changes nothing of the subject. An
// object that is being deleted passes as it is.
func Review(s policy.Subject) policy.Plan {
	r := &review{Subject: s, Plan: policy.Plan{Rule: s.Policy.Rule}}
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
		r.ours = merged(carried(s.Old, s.New, r.before, r.asked, s.Policy.Inject.VersionFrom), r.adopted())
		r.TemplateChanged = !s.SameTemplate && changed(s.Old, s.New, r.ours)
		if !r.TemplateChanged {
			r.ours = merged(r.ours, claimed(s.New, r.stamped, r.asked))
		} else {
			r.back = r.goingBack()
			r.Back = r.back != nil
		}
	}
	for _, inject := range injections {
		inject(r)
	}
	r.check()
	r.explain()
	return r.Plan
}

func sameAnnotation(key string) func(old, incoming *appsv1.Deployment) bool {
	return func(old, incoming *appsv1.Deployment) bool { return old.Annotations[key] == incoming.Annotations[key] }
}

// explain says what a changed template's rolling update will do, and which
// annotations this version does not know.
func (r *review) explain() {
	for _, ignored := range r.Policy.Ignored {
		r.warn("%s", ignored)
	}
	if len(r.filled) > 0 {
		r.warn("injected %s", r.because(strings.Join(r.filled, ", ")))
	}
	for _, key := range unknownAnnotations(r.New.Annotations) {
		r.warn("annotation %s is not known to this version; it does nothing", key)
	}
	if _, set := r.New.Annotations[policy.AnalysisAnnotation]; set && r.Policy.Rollout.Strategy == policy.StrategyRolling {
		r.warn("annotation %s does nothing here: a rolling update has no steps to guard; write %s: canary", policy.AnalysisAnnotation, policy.StrategyAnnotation)
	}
	if numbers, ok := effectOf(r.Object); ok && r.Old != nil && r.TemplateChanged && r.Policy.Rollout.Strategy == policy.StrategyRolling {
		r.warn("the rolling update keeps %d of %d pods ready, peaks at %d, %s", numbers.floor, numbers.replicas, numbers.peak, plural(numbers.waves, "wave"))
	}
}

// maxWarning is how much of a warning clients show, in characters.
const maxWarning = 256

func (r *review) warn(format string, args ...any) {
	r.Warnings = append(r.Warnings, excerpt.Runes("evenkeel: "+fmt.Sprintf(format, args...), maxWarning))
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
