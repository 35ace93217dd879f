// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// resolve turns a valid file into the policy in force: each rule over the file's
// defaults, these over the built-in ones.
func resolve(file *RolloutPolicy) (*policy.Set, error) {
	set := policy.Default()
	set.Notifications = resolveNotifications(file.Notifications)
	apply(&set.Default, settings(&file.Defaults))
	set.Budget = file.Budget.policy()
	set.Default.Analyses = file.specs()
	for i := range file.Rules {
		rule := &file.Rules[i]
		match, err := resolveMatch(rule.Match)
		if err != nil {
			return nil, fmt.Errorf("rules[%d].match: %w", i, err)
		}
		p := set.Default
		p.Rule = rule.Name
		apply(&p, settings(rule.section()))
		set.Rules = append(set.Rules, policy.Rule{Match: match, Policy: p})
	}
	return set, nil
}

// resolveLocal turns a namespace's valid file into its rules; its defaults are
// the last of them, and lie below each of the others.
func resolveLocal(file *RolloutPolicy) ([]policy.LocalRule, error) {
	var rules []policy.LocalRule
	below := settings(&file.Defaults)
	for i := range file.Rules {
		rule := &file.Rules[i]
		match, err := resolveMatch(rule.Match)
		if err != nil {
			return nil, fmt.Errorf("rules[%d].match: %w", i, err)
		}
		all := append(below[:len(below):len(below)], settings(rule.section())...)
		rules = append(rules, policy.LocalRule{Name: rule.Name, Match: match, Settings: all})
	}
	if len(below) > 0 {
		rules = append(rules, policy.LocalRule{Name: "defaults", Settings: below})
	}
	return rules, nil
}

func apply(p *policy.Policy, all []policy.Setting) {
	for _, setting := range all {
		setting.Put(p)
	}
}

// section is the part of a rule that sets something.
func (r *Rule) section() *Defaults {
	return &Defaults{Overridable: r.Overridable, Inject: r.Inject, Checks: r.Checks, Rollout: r.Rollout, Emergency: r.Emergency}
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
