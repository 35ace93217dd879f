// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"path"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// The names that people use to speak about one Deployment.
const (
	StrategyAnnotation = "evenkeel.dev/strategy"
	StepsAnnotation    = "evenkeel.dev/steps"
	ProbeAnnotation    = "evenkeel.dev/probe"
	InjectAnnotation   = "evenkeel.dev/inject"
	// InjectedAnnotation is the record of what was injected, see Injected.
	InjectedAnnotation = "evenkeel.dev/injected"
)

// The strategies of a release.
const (
	StrategyRolling = "rolling"
	StrategyCanary  = "canary"
)

// Policy is what holds for one Deployment.
type Policy struct {
	// Rule is the name of the rule that gave it, "default" where none matched.
	Rule    string
	Inject  Inject
	Checks  Checks
	Rollout Rollout
}

// Inject says what is filled in where the user left it out. A nil field injects nothing.
type Inject struct {
	Strategy                *Strategy
	MinReadySeconds         *int32
	ProgressDeadlineSeconds *int32
	Readiness               *Readiness
	// VersionLabel is the key of the label that gets the image's tag; "" injects none.
	VersionLabel string
}

// Strategy is a rolling update's two numbers.
type Strategy struct {
	MaxSurge       intstr.IntOrString
	MaxUnavailable intstr.IntOrString
}

// Readiness holds the numbers of an injected readiness probe, in seconds; 0 is
// Kubernetes' own default.
type Readiness struct {
	InitialDelaySeconds int32
	PeriodSeconds       int32
	TimeoutSeconds      int32
	FailureThreshold    int32
}

// Rollout says how a changed template is released.
type Rollout struct {
	Strategy string
	Steps    string
	// Settle is how long a data plane may take to follow a change of weight.
	Settle time.Duration
	// ScaleDownDelay keeps the old pods after a promotion.
	ScaleDownDelay time.Duration
	// StepDeadline is how long a step may wait for its pods or its route.
	StepDeadline time.Duration
}

// Set is a whole policy: rules over what holds where none of them matches.
type Set struct {
	Rules   []Rule
	Default Policy
}

// Rule is a policy with what it is for.
type Rule struct {
	Match  Match
	Policy Policy
}

// Match selects Deployments. What is left out selects all.
type Match struct {
	// Namespaces are names or globs ("shop-*"); one must match.
	Namespaces        []string
	NamespaceSelector labels.Selector
	ObjectSelector    labels.Selector
}

// Resolve gives the policy of a Deployment: that of the first rule that matches.
func (s *Set) Resolve(namespace string, namespaceLabels, objectLabels map[string]string) Policy {
	for _, rule := range s.Rules {
		if rule.Match.matches(namespace, namespaceLabels, objectLabels) {
			return rule.Policy
		}
	}
	return s.Default
}

func (m Match) matches(namespace string, namespaceLabels, objectLabels map[string]string) bool {
	named := len(m.Namespaces) == 0
	for _, glob := range m.Namespaces {
		if ok, err := path.Match(glob, namespace); err == nil && ok {
			named = true
		}
	}
	return named &&
		(m.NamespaceSelector == nil || m.NamespaceSelector.Matches(labels.Set(namespaceLabels))) &&
		(m.ObjectSelector == nil || m.ObjectSelector.Matches(labels.Set(objectLabels)))
}

// WithAnnotations gives the policy with what a Deployment's annotations say
// about its release. Broken values are kept: the checks tell about them.
func (p Policy) WithAnnotations(annotations map[string]string) Policy {
	if value, ok := annotations[StrategyAnnotation]; ok {
		p.Rollout.Strategy = value
	}
	if value, ok := annotations[StepsAnnotation]; ok {
		p.Rollout.Steps = value
	}
	return p
}

// Default is the policy in force where nobody wrote one. It repairs what nobody
// set, and refuses what no one can want.
func Default() *Set {
	minReady, deadline := int32(5), int32(600)
	return &Set{Default: Policy{
		Rule: "default",
		Inject: Inject{
			Strategy:                &Strategy{MaxSurge: intstr.FromString("25%"), MaxUnavailable: intstr.FromInt32(0)},
			MinReadySeconds:         &minReady,
			ProgressDeadlineSeconds: &deadline,
			Readiness:               &Readiness{PeriodSeconds: 5},
			VersionLabel:            "app.kubernetes.io/version",
		},
		Checks: Checks{Default: Enforce, MaxUnavailable: intstr.FromString("50%")},
		Rollout: Rollout{
			Strategy: StrategyRolling, Steps: "20%:5m,50%:5m,100%",
			Settle: 5 * time.Second, ScaleDownDelay: 30 * time.Second, StepDeadline: 10 * time.Minute,
		},
	}}
}
