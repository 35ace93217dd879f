// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// Set is a whole policy: rules over what holds where none of them matches.
type Set struct {
	Rules   []Rule
	Default Policy
	// Budget is the cluster's alone.
	Budget Budget
	// Namespaces are the namespaces' own policies, by namespace.
	Namespaces map[string][]LocalRule
	// Notifications are where rollouts are told of outside the cluster.
	Notifications []Notification
}

// Rule is a policy with what it is for.
type Rule struct {
	Match  Match
	Policy Policy
}

// LocalRule is a rule of a namespace's own policy: single settings, each of
// which counts only where the cluster's policy marks it as overridable.
type LocalRule struct {
	Name     string
	Match    Match
	Settings []Setting
}

// Setting is one field of a policy file.
type Setting struct {
	// Path is the field below its rule, such as "inject.probes".
	Path string
	// Put sets it in a policy, and leaves what others hold as it is.
	Put func(*Policy)
}

// Match selects Deployments. What is left out selects all.
type Match struct {
	// Namespaces are names or globs ("shop-*"); one must match.
	Namespaces        []string
	NamespaceSelector labels.Selector
	ObjectSelector    labels.Selector
}

// Overridable lists what may be changed below the cluster's policy.
type Overridable struct {
	// Given tells that the policy has such a list. Without one, a Deployment's
	// annotations win and a namespace's policy changes nothing.
	Given bool
	// Paths are fields such as "rollout.steps", or parts such as "rollout".
	Paths []string
}

// Lets tells whether a field is in the list, or part of what is.
func (o Overridable) Lets(field string) bool {
	return slices.ContainsFunc(o.Paths, func(given string) bool {
		return given == field || strings.HasPrefix(field, given+".")
	})
}

// Resolve gives the policy of a Deployment: that of the first rule that matches,
// with what the namespace's own policy may change of it.
func (s *Set) Resolve(namespace string, namespaceLabels, objectLabels map[string]string) Policy {
	p := s.Default
	for _, rule := range s.Rules {
		if rule.Match.matches(namespace, namespaceLabels, objectLabels) {
			p = rule.Policy
			break
		}
	}
	for _, local := range s.Namespaces[namespace] {
		if local.Match.matches(namespace, namespaceLabels, objectLabels) {
			return p.with(local)
		}
	}
	return p
}

// NeedsNamespaceLabels tells whether any rule looks at a namespace's labels.
func (s *Set) NeedsNamespaceLabels() bool {
	return slices.ContainsFunc(s.Rules, func(r Rule) bool { return r.Match.NamespaceSelector != nil })
}

// with gives the policy with those of a namespace's settings that it allows.
func (p Policy) with(local LocalRule) Policy {
	taken := false
	for _, setting := range local.Settings {
		if p.Overridable.Lets(setting.Path) {
			setting.Put(&p)
			taken = true
			continue
		}
		p.ignore("%s of the namespace's policy is not followed: policy rule %s does not list it as overridable", setting.Path, p.Rule)
	}
	if taken {
		p.Rule += " with the namespace's " + local.Name
	}
	return p
}

func (m Match) matches(namespace string, namespaceLabels, objectLabels map[string]string) bool {
	return m.InNamespace(namespace, namespaceLabels) && (m.ObjectSelector == nil || m.ObjectSelector.Matches(labels.Set(objectLabels)))
}

// InNamespace tells whether Deployments of a namespace can match.
func (m Match) InNamespace(namespace string, namespaceLabels map[string]string) bool {
	named := len(m.Namespaces) == 0
	for _, glob := range m.Namespaces {
		if ok, err := path.Match(glob, namespace); err == nil && ok {
			named = true
		}
	}
	return named && (m.NamespaceSelector == nil || m.NamespaceSelector.Matches(labels.Set(namespaceLabels)))
}

// WithAnnotations gives the policy with what a Deployment's annotations say
// about its release. Broken values are kept: the checks tell about them.
func (p Policy) WithAnnotations(annotations map[string]string) Policy {
	for _, given := range []struct {
		annotation, field string
		to                *string
	}{
		{StrategyAnnotation, "rollout.strategy", &p.Rollout.Strategy},
		{StepsAnnotation, "rollout.steps", &p.Rollout.Steps},
		{CapacityAnnotation, "rollout.capacity", &p.Rollout.Capacity},
	} {
		value, set := annotations[given.annotation]
		switch {
		case !set:
		case p.Overridable.Given && !p.Overridable.Lets(given.field):
			p.ignore("annotation %s is not followed: policy rule %s does not list %s as overridable", given.annotation, p.Rule, given.field)
		default:
			*given.to = value
		}
	}
	if names, set := annotations[AnalysisAnnotation]; set {
		p = p.withAnalyses(names)
	}
	p.Rollout.Match, p.Rollout.Mirror, p.Rollout.Routes = annotations[MatchAnnotation], annotations[MirrorAnnotation], annotations[RouteAnnotation]
	p.Rollout.ByRoute = p.Rollout.Match != "" || p.Rollout.Routes != "" || (annotations[StrategyAnnotation] == StrategyCanary && p.Rollout.Strategy == StrategyCanary)
	if p.Rollout.Strategy == StrategyBlueGreen && annotations[StepsAnnotation] == "" {
		if _, err := rollout.StepsFor(StrategyBlueGreen, p.Rollout.Steps); err != nil {
			p.Rollout.Steps = rollout.BlueGreenSteps // the rule's are those of its canaries
		}
	}
	return p
}

// ignore notes a wish that was not given, leaving what others hold as it is.
func (p *Policy) ignore(format string, args ...any) {
	p.Ignored = append(slices.Clone(p.Ignored), fmt.Sprintf(format, args...))
}

// Default is the policy in force where nobody wrote one. It repairs what nobody
// set, and refuses what no one can want.
func Default() *Set {
	minReady, deadline, sleep := int32(5), int32(600), int64(5)
	return &Set{Default: Policy{
		Rule: "default",
		Inject: Inject{
			Strategy:                &Strategy{MaxSurge: intstr.FromString("25%"), MaxUnavailable: intstr.FromInt32(0)},
			MinReadySeconds:         &minReady,
			ProgressDeadlineSeconds: &deadline,
			PreStopSeconds:          &sleep,
			Readiness:               &Probe{PeriodSeconds: 5},
			VersionLabel:            "app.kubernetes.io/version",
			VersionFrom:             FromImageTag,
			ChangeCause:             true,
		},
		Checks:    defaultChecks(),
		Emergency: Emergency{Enabled: true, MaxDuration: 24 * time.Hour},
		Rollout: Rollout{
			Strategy: StrategyRolling, Steps: "20%:5m,50%:5m,100%", RefuseRolledBack: true,
			Settle: 5 * time.Second, ScaleDownDelay: 30 * time.Second, StepDeadline: 10 * time.Minute,
		},
	}}
}
