// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// resolve turns a valid file into the policy in force: each rule over the
// built-in defaults.
func resolve(file *RolloutPolicy) (*policy.Set, error) {
	set := policy.Default()
	for i := range file.Rules {
		rule := &file.Rules[i]
		match, err := resolveMatch(rule.Match)
		if err != nil {
			return nil, fmt.Errorf("rules[%d].match: %w", i, err)
		}
		set.Rules = append(set.Rules, policy.Rule{Match: match, Policy: policy.Policy{
			Rule:    rule.Name,
			Inject:  resolveInject(rule.Inject, set.Default.Inject),
			Checks:  resolveChecks(rule.Checks, set.Default.Checks),
			Rollout: resolveRollout(rule.Rollout, set.Default.Rollout),
		}})
	}
	return set, nil
}

func resolveMatch(m Match) (policy.Match, error) {
	out := policy.Match{Namespaces: m.Namespaces}
	var err error
	if m.NamespaceSelector != nil {
		if out.NamespaceSelector, err = metav1.LabelSelectorAsSelector(m.NamespaceSelector); err != nil {
			return out, fmt.Errorf("namespaceSelector: %w", err)
		}
	}
	if m.ObjectSelector != nil {
		if out.ObjectSelector, err = metav1.LabelSelectorAsSelector(m.ObjectSelector); err != nil {
			return out, fmt.Errorf("objectSelector: %w", err)
		}
	}
	return out, nil
}

func resolveInject(in Inject, out policy.Inject) policy.Inject {
	if in.Strategy != nil {
		out.Strategy = &policy.Strategy{MaxSurge: in.Strategy.MaxSurge, MaxUnavailable: in.Strategy.MaxUnavailable}
	}
	if in.MinReadySeconds != nil {
		out.MinReadySeconds = in.MinReadySeconds
	}
	if in.ProgressDeadlineSeconds != nil {
		out.ProgressDeadlineSeconds = in.ProgressDeadlineSeconds
	}
	if r := in.Probes.Readiness; r != nil {
		out.Readiness = &policy.Probe{
			InitialDelaySeconds: r.InitialDelaySeconds, PeriodSeconds: r.PeriodSeconds, TimeoutSeconds: r.TimeoutSeconds, FailureThreshold: r.FailureThreshold,
		}
		if !ptr.Deref(r.Enabled, true) {
			out.Readiness = nil
		}
	}
	if v := in.VersionLabel; v != nil {
		if v.Key != "" {
			out.VersionLabel = v.Key
		}
		if !ptr.Deref(v.Enabled, true) {
			out.VersionLabel = ""
		}
	}
	return out
}

func resolveChecks(checks Checks, out policy.Checks) policy.Checks {
	out.Actions = map[string]policy.Action{}
	for name, check := range checks {
		switch {
		case check.Action == "":
		case name == "default":
			out.Default = policy.Action(check.Action)
		default:
			out.Actions[name] = policy.Action(check.Action)
		}
		if check.Limit != nil {
			out.MaxUnavailable = *check.Limit
		}
	}
	return out
}

func resolveRollout(r Rollout, out policy.Rollout) policy.Rollout {
	if r.Strategy != "" {
		out.Strategy = r.Strategy
	}
	if r.Steps != "" {
		out.Steps = r.Steps
	}
	for _, given := range []struct {
		value *metav1.Duration
		to    *time.Duration
	}{{r.Settle, &out.Settle}, {r.ScaleDownDelay, &out.ScaleDownDelay}, {r.StepDeadline, &out.StepDeadline}} {
		if given.value != nil {
			*given.to = given.value.Duration
		}
	}
	return out
}
