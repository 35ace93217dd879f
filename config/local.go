// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// validateLocal finds everything that is wrong with a namespace's file. What is
// the cluster's alone is forbidden there.
func validateLocal(file *RolloutPolicy) field.ErrorList {
	errs := validateFile(file)
	if file.Notifications != nil {
		errs = append(errs, field.Forbidden(field.NewPath("notifications"), "only the cluster's policy says where rollouts are told of"))
	}
	if file.Analyses != nil {
		errs = append(errs, field.Forbidden(field.NewPath("analyses"), "only the cluster's policy says whom to ask; name its analyses in rollout.analysis"))
	}
	errs = append(errs, forbidden(&file.Defaults, field.NewPath("defaults"))...)
	errs = append(errs, validateNames(file.Defaults.Rollout, field.NewPath("defaults", "rollout", "analysis"))...)
	if file.Budget != nil {
		errs = append(errs, field.Forbidden(field.NewPath("budget"), "only the cluster's policy has a budget"))
	}
	for i := range file.Rules {
		at, rule := field.NewPath("rules").Index(i), &file.Rules[i]
		errs = append(errs, forbidden(rule.section(), at)...)
		errs = append(errs, validateNames(rule.Rollout, at.Child("rollout", "analysis"))...)
		if rule.Match.Namespaces != nil {
			errs = append(errs, field.Forbidden(at.Child("match", "namespaces"), "a namespace's policy is for its own namespace; select by objectSelector"))
		}
		if rule.Match.NamespaceSelector != nil {
			errs = append(errs, field.Forbidden(at.Child("match", "namespaceSelector"), "a namespace's policy is for its own namespace; select by objectSelector"))
		}
	}
	return errs
}

func forbidden(d *Defaults, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	if d.Overridable != nil {
		errs = append(errs, field.Forbidden(at.Child("overridable"), "only the cluster's policy says what may be overridden"))
	}
	if d.Emergency.Enabled != nil || d.Emergency.MaxDuration != nil {
		errs = append(errs, field.Forbidden(at.Child("emergency"), "only the cluster's policy bounds emergencies"))
	}
	return errs
}

// Allowed refuses a namespace's policy that sets what no policy in force there
// lets it: it would be followed by nobody.
func Allowed(set *policy.Set, namespace string, namespaceLabels map[string]string, local []policy.LocalRule) error {
	reach := []policy.Policy{set.Default}
	for _, rule := range set.Rules {
		if rule.Match.InNamespace(namespace, namespaceLabels) {
			reach = append(reach, rule.Policy)
		}
	}
	var refused []string
	for _, rule := range local {
		for _, setting := range rule.Settings {
			allowed := slices.ContainsFunc(reach, func(p policy.Policy) bool { return p.Overridable.Lets(setting.Path) })
			if !allowed && !slices.Contains(refused, setting.Path) {
				refused = append(refused, setting.Path)
			}
		}
	}
	if len(refused) == 0 {
		return nil
	}
	return errors.New(notOverridable(refused, reach))
}

func notOverridable(refused []string, reach []policy.Policy) string {
	var lets []string
	for _, p := range reach {
		for _, path := range p.Overridable.Paths {
			if !slices.Contains(lets, path) {
				lets = append(lets, path)
			}
		}
	}
	if len(lets) == 0 {
		return fmt.Sprintf("a namespace's policy may not set %s: the cluster's policy lists nothing as overridable", strings.Join(refused, ", "))
	}
	return fmt.Sprintf("a namespace's policy may not set %s: the cluster's policy lists as overridable here only %s", strings.Join(refused, ", "), strings.Join(lets, ", "))
}
