// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// What a policy file says of itself.
const (
	APIVersion = "policy.evenkeel.dev/v1alpha1"
	Kind       = "RolloutPolicy"
	// PolicyKey is the key of the ConfigMap under which the file stands.
	PolicyKey = "policy.yaml"
)

// RolloutPolicy is the policy file.
type RolloutPolicy struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Rules are tried in order; the first that matches applies. What it leaves
	// out is the built-in default.
	Rules []Rule `json:"rules,omitempty"`
}

// Rule is what holds for the Deployments that it matches.
type Rule struct {
	Name    string  `json:"name"`
	Match   Match   `json:"match,omitempty"`
	Inject  Inject  `json:"inject,omitempty"`
	Checks  Checks  `json:"checks,omitempty"`
	Rollout Rollout `json:"rollout,omitempty"`
}

// Match selects Deployments; what is left out selects all.
type Match struct {
	// Namespaces are names or globs such as "shop-*".
	Namespaces        []string              `json:"namespaces,omitempty"`
	NamespaceSelector *metav1.LabelSelector `json:"namespaceSelector,omitempty"`
	ObjectSelector    *metav1.LabelSelector `json:"objectSelector,omitempty"`
}

// Inject says what is filled in where nobody set it.
type Inject struct {
	Strategy                *Strategy     `json:"strategy,omitempty"`
	MinReadySeconds         *int32        `json:"minReadySeconds,omitempty"`
	ProgressDeadlineSeconds *int32        `json:"progressDeadlineSeconds,omitempty"`
	Probes                  Probes        `json:"probes,omitempty"`
	VersionLabel            *VersionLabel `json:"versionLabel,omitempty"`
}

// Strategy is a rolling update's two numbers: counts of pods, or percents.
type Strategy struct {
	MaxSurge       intstr.IntOrString `json:"maxSurge"`
	MaxUnavailable intstr.IntOrString `json:"maxUnavailable"`
}

// Probes are the probes that may be injected.
type Probes struct {
	Readiness *Readiness `json:"readiness,omitempty"`
}

// Readiness holds an injected readiness probe's numbers, in seconds.
type Readiness struct {
	// Enabled is true where left out.
	Enabled             *bool `json:"enabled,omitempty"`
	InitialDelaySeconds int32 `json:"initialDelaySeconds,omitempty"`
	PeriodSeconds       int32 `json:"periodSeconds,omitempty"`
	TimeoutSeconds      int32 `json:"timeoutSeconds,omitempty"`
	FailureThreshold    int32 `json:"failureThreshold,omitempty"`
}

// VersionLabel is the label that gets the version of the image.
type VersionLabel struct {
	// Enabled is true where left out.
	Enabled *bool  `json:"enabled,omitempty"`
	Key     string `json:"key,omitempty"`
	// From is imageTag, the only source that there is.
	From string `json:"from,omitempty"`
}

// Checks gives each check its action; a check is left to Default where unnamed.
type Checks map[string]Check

// Check is an action (Enforce, Warn, Audit, Off), and for max-unavailable a limit.
// In the file it may be the action's word alone.
type Check struct {
	Action Word                `json:"action,omitempty"`
	Limit  *intstr.IntOrString `json:"limit,omitempty"`
}

// Word is an action's word. YAML reads a bare Off as false; both mean Off.
type Word string

// Rollout says how a changed template is released.
type Rollout struct {
	Strategy       string           `json:"strategy,omitempty"`
	Steps          string           `json:"steps,omitempty"`
	Settle         *metav1.Duration `json:"settle,omitempty"`
	ScaleDownDelay *metav1.Duration `json:"scaleDownDelay,omitempty"`
	StepDeadline   *metav1.Duration `json:"stepDeadline,omitempty"`
}
