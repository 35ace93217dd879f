// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

var (
	percentText = regexp.MustCompile(`^[0-9]{1,3}%$`)
	digits      = regexp.MustCompile(`^[^0-9]*([0-9]{1,3})[^0-9]*$`)
	actions     = []string{string(policy.Enforce), string(policy.Warn), string(policy.Audit), string(policy.Off)}
	strategies  = rollout.Strategies()
	failures    = []string{rollout.OnFailureHold, rollout.OnFailureRollback}
)

// shareHelp says what a number of pods looks like.
const shareHelp = `a count of pods such as 1, or a percent such as "25%"`

// validate finds everything that is wrong with a file, by field.
func validate(file *RolloutPolicy) field.ErrorList {
	return append(validateFile(file), validateAnalyses(file)...)
}

func validateFile(file *RolloutPolicy) field.ErrorList {
	var errs field.ErrorList
	if file.APIVersion != APIVersion {
		errs = append(errs, field.NotSupported(field.NewPath("apiVersion"), file.APIVersion, []string{APIVersion}))
	}
	if file.Kind != Kind {
		errs = append(errs, field.NotSupported(field.NewPath("kind"), file.Kind, []string{Kind}))
	}
	errs = append(errs, validateSection(&file.Defaults, nil, policy.Default().Default.Inject)...)
	errs = append(errs, validateBudget(file.Budget, field.NewPath("budget"))...)
	below := inherited(file)
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
		errs = append(errs, validateSection(rule.section(), at, below)...)
	}
	return append(errs, validateNotifications(file.Notifications, field.NewPath("notifications"))...)
}

// inherited is what rules inject where they do not say otherwise.
func inherited(file *RolloutPolicy) policy.Inject {
	p := policy.Default().Default
	apply(&p, settings(&file.Defaults))
	return p.Inject
}

// validateSection looks at what a rule, or the defaults (no path), set over what
// lies below.
func validateSection(d *Defaults, at *field.Path, below policy.Inject) field.ErrorList {
	if at == nil {
		at = field.NewPath("defaults")
	}
	errs := validateOverridable(d.Overridable, at.Child("overridable"))
	errs = append(errs, validateInject(d.Inject, at.Child("inject"), below)...)
	errs = append(errs, validateChecks(d.Checks, at.Child("checks"))...)
	errs = append(errs, validateRollout(d.Rollout, at.Child("rollout"))...)
	if most := d.Emergency.MaxDuration; most != nil && (most.Duration <= 0 || most.Duration > 30*24*time.Hour) {
		errs = append(errs, field.Invalid(at.Child("emergency", "maxDuration"), most.Duration.String(), "a duration over 0s, to 720h"))
	}
	return errs
}

func validateOverridable(paths *[]string, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	if paths == nil {
		return nil
	}
	for i, path := range *paths {
		if !slices.Contains(overridablePaths(), path) {
			errs = append(errs, field.Invalid(at.Index(i), path, "must be a field of a rule such as inject.probes, rollout.steps or checks.pdb, or a part such as inject, rollout or checks"))
		}
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
	for _, given := range []struct {
		name     string
		selector *metav1.LabelSelector
	}{{"namespaceSelector", m.NamespaceSelector}, {"objectSelector", m.ObjectSelector}} {
		if given.selector != nil {
			errs = append(errs, metav1validation.ValidateLabelSelector(given.selector, metav1validation.LabelSelectorValidationOptions{}, at.Child(given.name))...)
		}
	}
	return errs
}

func validateInject(in Inject, at *field.Path, below policy.Inject) field.ErrorList {
	var errs field.ErrorList
	if in.Strategy != nil {
		errs = append(errs, validateStrategy(*in.Strategy, at.Child("strategy"))...)
	}
	errs = append(errs, validatePace(in, at, below)...)
	errs = append(errs, validateShutdown(in, at)...)
	errs = append(errs, validateProbe(in.Probes.Readiness, at.Child("probes", "readiness"))...)
	errs = append(errs, validateProbe(in.Probes.Startup, at.Child("probes", "startup"))...)
	errs = append(errs, validateProbe(in.Probes.Liveness, at.Child("probes", "liveness"))...)
	if v := in.VersionLabel; v != nil {
		errs = append(errs, validateVersionLabel(*v, at.Child("versionLabel"))...)
	}
	return errs
}

func validateStrategy(s Strategy, at *field.Path) field.ErrorList {
	errs := validateShare(s.MaxSurge, at.Child("maxSurge"))
	errs = append(errs, validateShare(s.MaxUnavailable, at.Child("maxUnavailable"))...)
	if len(errs) > 0 {
		return errs
	}
	if isZero(s.MaxSurge) && isZero(s.MaxUnavailable) {
		errs = append(errs, field.Invalid(at, s.MaxSurge.String()+"/"+s.MaxUnavailable.String(), "no pod could ever be replaced: one of maxSurge and maxUnavailable must be more than 0"))
	}
	if s.MaxUnavailable.Type == intstr.String && percent(s.MaxUnavailable) >= 100 {
		errs = append(errs, field.Invalid(at.Child("maxUnavailable"), s.MaxUnavailable.StrVal, "no pod would be certain to be ready: must be less than 100%"))
	}
	return errs
}

// validatePace looks at the two numbers with the defaults that fill them in: the
// API wants the deadline to be the larger one.
func validatePace(in Inject, at *field.Path, below policy.Inject) field.ErrorList {
	if in.MinReadySeconds == nil && in.ProgressDeadlineSeconds == nil {
		return nil
	}
	minReady := ptr.Deref(in.MinReadySeconds, *below.MinReadySeconds)
	deadline := ptr.Deref(in.ProgressDeadlineSeconds, *below.ProgressDeadlineSeconds)
	if minReady < 0 {
		return field.ErrorList{field.Invalid(at.Child("minReadySeconds"), minReady, "must be 0 or more")}
	}
	if deadline <= minReady {
		return field.ErrorList{field.Invalid(at.Child("progressDeadlineSeconds"), deadline, fmt.Sprintf("must be more than minReadySeconds, which is %d", minReady))}
	}
	return nil
}

// validateShutdown looks at what lies between a pod and its end.
func validateShutdown(in Inject, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	if n := in.RevisionHistoryLimit; n != nil && *n < 1 {
		errs = append(errs, field.Invalid(at.Child("revisionHistoryLimit"), *n, "must be 1 or more: with 0 there is no revision to go back to"))
	}
	if n := in.TerminationGracePeriodSeconds; n != nil && (*n < 1 || *n > 86400) {
		errs = append(errs, field.Invalid(at.Child("terminationGracePeriodSeconds"), *n, "must be 1 to 86400"))
	}
	if in.PreStop != nil {
		if n := in.PreStop.SleepSeconds; n != nil && (*n < 1 || *n > 300) {
			errs = append(errs, field.Invalid(at.Child("preStop", "sleepSeconds"), *n, "must be 1 to 300; switch it off with enabled: false"))
		}
	}
	return errs
}

func validateProbe(r *Probe, at *field.Path) field.ErrorList {
	if r == nil {
		return nil
	}
	var errs field.ErrorList
	for _, given := range []struct {
		name  string
		value int32
	}{
		{"initialDelaySeconds", r.InitialDelaySeconds}, {"periodSeconds", r.PeriodSeconds}, {"timeoutSeconds", r.TimeoutSeconds}, {"failureThreshold", r.FailureThreshold},
	} {
		if given.value < 0 {
			errs = append(errs, field.Invalid(at.Child(given.name), given.value, "must be 0 or more; 0 is Kubernetes' own default"))
		}
	}
	return errs
}

func validateVersionLabel(v VersionLabel, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	if v.Key != "" {
		for _, message := range validation.IsQualifiedName(v.Key) {
			errs = append(errs, field.Invalid(at.Child("key"), v.Key, message))
		}
	}
	if sources := []string{policy.FromImageTag, policy.FromImageDigest}; v.From != "" && !slices.Contains(sources, v.From) {
		errs = append(errs, field.NotSupported(at.Child("from"), v.From, sources))
	}
	return errs
}

func validateChecks(checks Checks, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	names := append([]string{"default"}, policy.CheckNames()...)
	for _, name := range slices.Sorted(maps.Keys(checks)) {
		check := checks[name]
		if !slices.Contains(names, name) {
			errs = append(errs, field.NotSupported(at.Key(name), name, names))
			continue
		}
		if check.Action != "" && !slices.Contains(actions, string(check.Action)) {
			errs = append(errs, field.NotSupported(at.Key(name).Child("action"), check.Action, actions))
		}
		if check.EnforceFrom != nil && (name == "default" || (check.Action != "" && string(check.Action) != string(policy.Enforce))) {
			errs = append(errs, field.Forbidden(at.Key(name).Child("enforceFrom"), "it is for a named check with the action Enforce"))
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
	for _, word := range []struct {
		name, value string
		known       []string
	}{{"strategy", r.Strategy, strategies}, {"capacity", r.Capacity, rollout.Capacities()}, {"onFailure", r.OnFailure, failures}} {
		if word.value != "" && !slices.Contains(word.known, word.value) {
			errs = append(errs, field.NotSupported(at.Child(word.name), word.value, word.known))
		}
	}
	if r.Steps != "" {
		if _, err := rollout.StepsFor(r.Strategy, r.Steps); err != nil {
			errs = append(errs, field.Invalid(at.Child("steps"), r.Steps, err.Error()))
		}
	}
	errs = append(append(errs, validateGuards(r, at)...), validateHosts(r, at)...)
	for _, given := range []struct {
		name  string
		value *metav1.Duration
	}{{"settle", r.Settle}, {"scaleDownDelay", r.ScaleDownDelay}, {"stepDeadline", r.StepDeadline}, {"minStep", r.MinStep}} {
		if given.value != nil && (given.value.Duration < 0 || given.value.Duration > 24*time.Hour) {
			errs = append(errs, field.Invalid(at.Child(given.name), given.value.Duration.String(), "a duration from 0s to 24h"))
		}
	}
	if r.StepDeadline != nil && r.StepDeadline.Duration == 0 {
		errs = append(errs, field.Invalid(at.Child("stepDeadline"), "0s", "a step needs time: more than 0s"))
	}
	return errs
}

func validateShare(v intstr.IntOrString, at *field.Path) field.ErrorList {
	if v.Type == intstr.Int && v.IntVal < 0 {
		return field.ErrorList{field.Invalid(at, v.IntVal, "must be "+shareHelp)}
	}
	if v.Type == intstr.Int || percentText.MatchString(v.StrVal) {
		return nil
	}
	help := "must be " + shareHelp
	if found := digits.FindStringSubmatch(v.StrVal); found != nil {
		help = fmt.Sprintf("did you mean %q? It %s", found[1]+"%", help)
	}
	return field.ErrorList{field.Invalid(at, v.StrVal, help)}
}

func isZero(v intstr.IntOrString) bool {
	return (v.Type == intstr.Int && v.IntVal == 0) || (v.Type == intstr.String && percent(v) == 0)
}

// percent reads a percent that is one.
func percent(v intstr.IntOrString) int {
	n, _ := strconv.Atoi(strings.TrimSuffix(v.StrVal, "%"))
	return n
}
