// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"path"
	"regexp"
	"slices"
	"time"

	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

var (
	percentText = regexp.MustCompile(`^[0-9]{1,3}%$`)
	actions     = []string{string(policy.Enforce), string(policy.Warn), string(policy.Audit), string(policy.Off)}
	checkNames  = []string{"default", "floor-zero", "inject", "malformed-percent", "max-unavailable", "probe", "steps", "strategy", "zero-progress"}
	strategies  = []string{policy.StrategyCanary, policy.StrategyRolling}
)

// validate finds everything that is wrong with a file, by field.
func validate(file *RolloutPolicy) field.ErrorList {
	var errs field.ErrorList
	if file.APIVersion != APIVersion {
		errs = append(errs, field.NotSupported(field.NewPath("apiVersion"), file.APIVersion, []string{APIVersion}))
	}
	if file.Kind != Kind {
		errs = append(errs, field.NotSupported(field.NewPath("kind"), file.Kind, []string{Kind}))
	}
	names := map[string]bool{}
	for i := range file.Rules {
		at, rule := field.NewPath("rules").Index(i), &file.Rules[i]
		if rule.Name == "" {
			errs = append(errs, field.Required(at.Child("name"), "every rule has a name, by which messages speak of it"))
		} else if names[rule.Name] {
			errs = append(errs, field.Duplicate(at.Child("name"), rule.Name))
		}
		names[rule.Name] = true
		errs = append(errs, validateMatch(rule.Match, at.Child("match"))...)
		errs = append(errs, validateInject(rule.Inject, at.Child("inject"))...)
		errs = append(errs, validateChecks(rule.Checks, at.Child("checks"))...)
		errs = append(errs, validateRollout(rule.Rollout, at.Child("rollout"))...)
	}
	return errs
}

func validateMatch(m Match, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, glob := range m.Namespaces {
		if _, err := path.Match(glob, ""); err != nil || glob == "" {
			errs = append(errs, field.Invalid(at.Child("namespaces").Index(i), glob, "a name or a glob such as \"shop-*\""))
		}
	}
	for name, selector := range map[string]*metav1.LabelSelector{"namespaceSelector": m.NamespaceSelector, "objectSelector": m.ObjectSelector} {
		if selector != nil {
			errs = append(errs, metav1validation.ValidateLabelSelector(selector, metav1validation.LabelSelectorValidationOptions{}, at.Child(name))...)
		}
	}
	return errs
}

func validateInject(in Inject, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	if s := in.Strategy; s != nil {
		errs = append(errs, validateShare(s.MaxSurge, at.Child("strategy", "maxSurge"))...)
		errs = append(errs, validateShare(s.MaxUnavailable, at.Child("strategy", "maxUnavailable"))...)
		if isZero(s.MaxSurge) && isZero(s.MaxUnavailable) {
			errs = append(errs, field.Invalid(at.Child("strategy"), "0/0", "no pod could ever be replaced: one of maxSurge and maxUnavailable must be more than 0"))
		}
	}
	minReady, deadline := ptr.Deref(in.MinReadySeconds, 5), ptr.Deref(in.ProgressDeadlineSeconds, 600)
	if minReady < 0 {
		errs = append(errs, field.Invalid(at.Child("minReadySeconds"), minReady, "must be 0 or more"))
	}
	if deadline <= minReady {
		errs = append(errs, field.Invalid(at.Child("progressDeadlineSeconds"), deadline, "must be more than minReadySeconds"))
	}
	if r := in.Probes.Readiness; r != nil {
		for name, value := range map[string]int32{
			"initialDelaySeconds": r.InitialDelaySeconds, "periodSeconds": r.PeriodSeconds, "timeoutSeconds": r.TimeoutSeconds, "failureThreshold": r.FailureThreshold,
		} {
			if value < 0 {
				errs = append(errs, field.Invalid(at.Child("probes", "readiness", name), value, "must be 0 or more"))
			}
		}
	}
	if v := in.VersionLabel; v != nil {
		if v.Key != "" {
			for _, message := range validation.IsQualifiedName(v.Key) {
				errs = append(errs, field.Invalid(at.Child("versionLabel", "key"), v.Key, message))
			}
		}
		if v.From != "" && v.From != "imageTag" {
			errs = append(errs, field.NotSupported(at.Child("versionLabel", "from"), v.From, []string{"imageTag"}))
		}
	}
	return errs
}

func validateChecks(checks Checks, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for name, check := range checks {
		if !slices.Contains(checkNames, name) {
			errs = append(errs, field.NotSupported(at.Key(name), name, checkNames))
			continue
		}
		if check.Action != "" && !slices.Contains(actions, string(check.Action)) {
			errs = append(errs, field.NotSupported(at.Key(name).Child("action"), check.Action, actions))
		}
		if check.Limit == nil {
			continue
		}
		if name != "max-unavailable" {
			errs = append(errs, field.Forbidden(at.Key(name).Child("limit"), "only max-unavailable has a limit"))
			continue
		}
		errs = append(errs, validateShare(*check.Limit, at.Key(name).Child("limit"))...)
	}
	return errs
}

func validateRollout(r Rollout, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	if r.Strategy != "" && !slices.Contains(strategies, r.Strategy) {
		errs = append(errs, field.NotSupported(at.Child("strategy"), r.Strategy, strategies))
	}
	if r.Steps != "" {
		if _, err := rollout.ParseSteps(r.Steps); err != nil {
			errs = append(errs, field.Invalid(at.Child("steps"), r.Steps, err.Error()))
		}
	}
	for name, value := range map[string]*metav1.Duration{"settle": r.Settle, "scaleDownDelay": r.ScaleDownDelay, "stepDeadline": r.StepDeadline} {
		if value != nil && (value.Duration < 0 || value.Duration > 24*time.Hour) {
			errs = append(errs, field.Invalid(at.Child(name), value.Duration.String(), "a duration from 0s to 24h"))
		}
	}
	if r.StepDeadline != nil && r.StepDeadline.Duration == 0 {
		errs = append(errs, field.Invalid(at.Child("stepDeadline"), "0s", "a step needs time: more than 0s"))
	}
	return errs
}

func validateShare(v intstr.IntOrString, at *field.Path) field.ErrorList {
	if v.Type == intstr.String && !percentText.MatchString(v.StrVal) {
		return field.ErrorList{field.Invalid(at, v.StrVal, "a count of pods such as 1, or a percent such as \"25%\"")}
	}
	if v.Type == intstr.Int && v.IntVal < 0 {
		return field.ErrorList{field.Invalid(at, v.IntVal, "must be 0 or more")}
	}
	return nil
}

func isZero(v intstr.IntOrString) bool { return v.String() == "0" || v.String() == "0%" }
