// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/evenkeel-dev/evenkeel/traffic/analysis"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// validateAnalyses looks at the analyses of a file, and at who asks for which.
func validateAnalyses(file *RolloutPolicy) field.ErrorList {
	var errs field.ErrorList
	at := field.NewPath("analyses")
	for _, name := range slices.Sorted(maps.Keys(file.Analyses)) {
		for _, message := range validation.IsDNS1123Label(name) {
			errs = append(errs, field.Invalid(at.Key(name), name, message))
		}
		errs = append(errs, validateAnalysis(file.Analyses[name], at.Key(name))...)
	}
	errs = append(errs, file.validateAsked(file.Defaults.Rollout, field.NewPath("defaults", "rollout", "analysis"))...)
	for i := range file.Rules {
		errs = append(errs, file.validateAsked(file.Rules[i].Rollout, field.NewPath("rules").Index(i).Child("rollout", "analysis"))...)
	}
	return errs
}

// validateAsked refuses names of analyses that there are not.
func (file *RolloutPolicy) validateAsked(r Rollout, at *field.Path) field.ErrorList {
	errs := validateNames(r, at)
	if r.Analysis == nil {
		return errs
	}
	for i, name := range *r.Analysis {
		if _, there := file.Analyses[name]; !there {
			errs = append(errs, field.NotSupported(at.Index(i), name, slices.Sorted(maps.Keys(file.Analyses))))
		}
	}
	return errs
}

// validateNames looks at what a list of names can be, whatever they name.
func validateNames(r Rollout, at *field.Path) field.ErrorList {
	if r.Analysis == nil {
		return nil
	}
	var errs field.ErrorList
	if n := len(*r.Analysis); n > rollout.MaxAnalyses {
		errs = append(errs, field.TooMany(at, n, rollout.MaxAnalyses))
	}
	for i, name := range *r.Analysis {
		if slices.Contains((*r.Analysis)[:i], name) {
			errs = append(errs, field.Duplicate(at.Index(i), name))
		}
	}
	return errs
}

func validateAnalysis(a Analysis, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	given := 0
	for _, one := range []bool{a.Prometheus != nil, a.Webhook != nil, a.Pods != nil} {
		if one {
			given++
		}
	}
	if given != 1 {
		errs = append(errs, field.Invalid(at, given, "must have exactly one of prometheus, webhook and pods"))
	}
	errs = append(errs, validateCounts(at, []count{
		{"minSamples", a.MinSamples}, {"failureLimit", a.FailureLimit},
	})...)
	if a.InconclusiveLimit != nil {
		errs = append(errs, validateCounts(at, []count{{"inconclusiveLimit", *a.InconclusiveLimit}})...)
	}
	errs = append(errs, validateSpan(a.Interval, at.Child("interval"), time.Hour)...)
	switch {
	case a.Prometheus != nil:
		errs = append(errs, validatePrometheus(a, at)...)
	case a.Webhook != nil:
		errs = append(errs, validateGate(*a.Webhook, at.Child("webhook"))...)
		errs = append(errs, validateUnbounded(a, at)...)
	case a.Pods != nil:
		errs = append(errs, validateCounts(at.Child("pods"), []count{
			{"maxRestarts", a.Pods.MaxRestarts}, {"maxOOMKilled", a.Pods.MaxOOMKilled}, {"maxNotReady", a.Pods.MaxNotReady},
		})...)
		errs = append(errs, validateUnbounded(a, at)...)
	}
	return errs
}

// validateUnbounded refuses bounds where there is no value.
func validateUnbounded(a Analysis, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, bound := range []struct {
		name string
		set  bool
	}{{"min", a.Min != nil}, {"max", a.Max != nil}, {"compare", a.Compare != nil}, {"minSamples", a.MinSamples != 0}} {
		if bound.set {
			errs = append(errs, field.Forbidden(at.Child(bound.name), "only prometheus gives a number to compare"))
		}
	}
	return errs
}

func validatePrometheus(a Analysis, at *field.Path) field.ErrorList {
	p, below := a.Prometheus, at.Child("prometheus")
	errs := validateURL(p.Address, below.Child("address"))
	errs = append(errs, validateSecret(p.TokenSecret, below.Child("tokenSecret"))...)
	errs = append(errs, validateSpan(p.Window, below.Child("window"), 24*time.Hour)...)
	errs = append(errs, validateSpan(p.Timeout, below.Child("timeout"), time.Minute)...)
	errs = append(errs, validateBounds(a, at)...)
	if (p.Query == "") == (p.BuiltIn == "") {
		return append(errs, field.Required(below.Child("query"), "must have exactly one of query and builtIn"))
	}
	if p.BuiltIn != "" {
		return append(errs, validateBuiltIn(*p, below)...)
	}
	return append(errs, validateQuery(a, below)...)
}

func validateBuiltIn(p Prometheus, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	if !slices.Contains(analysis.BuiltIns(), p.BuiltIn) {
		errs = append(errs, field.NotSupported(at.Child("builtIn"), p.BuiltIn, analysis.BuiltIns()))
	}
	if p.Samples != "" {
		errs = append(errs, field.Forbidden(at.Child("samples"), "a built-in query counts by itself"))
	}
	if q := p.Quantile; q != nil && (p.BuiltIn != analysis.Latency || *q <= 0 || *q >= 1) {
		errs = append(errs, field.Invalid(at.Child("quantile"), *q, "must be over 0 and under 1, for builtIn: latency"))
	}
	return errs
}

// validateQuery tries the templates with an example of both versions.
func validateQuery(a Analysis, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	spec := a.spec("")
	if a.Prometheus.Quantile != nil {
		errs = append(errs, field.Forbidden(at.Child("quantile"), "it is for builtIn: latency; write it into the query"))
	}
	if a.MinSamples > 0 && a.Prometheus.Samples == "" {
		errs = append(errs, field.Required(at.Child("samples"), "minSamples needs a query that counts, such as sum(increase(requests_total[{{ .Window }}]))"))
	}
	for _, one := range []struct{ name, text string }{{"query", a.Prometheus.Query}, {"samples", a.Prometheus.Samples}} {
		if one.text == "" {
			continue
		}
		canary, err := analysis.Fill(one.text, analysis.Example(spec, analysis.Canary))
		if err != nil {
			errs = append(errs, field.Invalid(at.Child(one.name), one.text, err.Error()))
			continue
		}
		if stable, err := analysis.Fill(one.text, analysis.Example(spec, analysis.Stable)); err == nil && stable == canary && a.Compare != nil {
			errs = append(errs, field.Invalid(at.Child(one.name), one.text, "asks the same of canary and stable: compare needs {{ .Service }}, {{ .ReplicaSet }} or {{ .PodHash }} in it"))
		}
	}
	return errs
}

// validateBounds wants something that says which values are good.
func validateBounds(a Analysis, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	if a.Min == nil && a.Max == nil && a.Compare == nil {
		errs = append(errs, field.Required(at.Child("min"), "every value would pass: give min, max or compare"))
	}
	if a.Min != nil && a.Max != nil && *a.Min > *a.Max {
		errs = append(errs, field.Invalid(at.Child("min"), *a.Min, "no value would pass: must be at most max"))
	}
	c, below := a.Compare, at.Child("compare")
	switch {
	case c == nil:
	case (c.Ratio == nil) == (c.Difference == nil):
		errs = append(errs, field.Required(below, "must have exactly one of ratio and difference"))
	case c.Ratio != nil && *c.Ratio < 1:
		errs = append(errs, field.Invalid(below.Child("ratio"), *c.Ratio, "must be 1 or more: 1.2 lets the worse value be a fifth more than the better one"))
	case c.Difference != nil && *c.Difference < 0:
		errs = append(errs, field.Invalid(below.Child("difference"), *c.Difference, "must be 0 or more"))
	}
	return errs
}

func validateGate(g Gate, at *field.Path) field.ErrorList {
	errs := validateURL(g.URL, at.Child("url"))
	errs = append(errs, validateSecret(g.Secret, at.Child("secret"))...)
	errs = append(errs, validateSpan(g.Timeout, at.Child("timeout"), time.Minute)...)
	if g.Retries != nil && (*g.Retries < 0 || *g.Retries > 5) {
		errs = append(errs, field.Invalid(at.Child("retries"), *g.Retries, "must be 0 to 5"))
	}
	return errs
}

func validateURL(text string, at *field.Path) field.ErrorList {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return field.ErrorList{field.Invalid(at, text, "must be a URL such as http://prometheus.monitoring:9090")}
	}
	if u.User != nil {
		return field.ErrorList{field.Forbidden(at, "a password does not belong into a policy: name a Secret")}
	}
	return nil
}

func validateSecret(name string, at *field.Path) field.ErrorList {
	if name == "" {
		return nil
	}
	if messages := validation.IsDNS1123Subdomain(name); len(messages) > 0 {
		return field.ErrorList{field.Invalid(at, name, strings.Join(messages, "; "))}
	}
	return nil
}

// count is a number that may not be below 0.
type count struct {
	name  string
	value int32
}

func validateCounts(at *field.Path, counts []count) field.ErrorList {
	var errs field.ErrorList
	for _, one := range counts {
		if one.value < 0 {
			errs = append(errs, field.Invalid(at.Child(one.name), one.value, "must be 0 or more"))
		}
	}
	return errs
}

// validateSpan wants a duration of a second or more.
func validateSpan(d *metav1.Duration, at *field.Path, most time.Duration) field.ErrorList {
	if d == nil || (d.Duration >= time.Second && d.Duration <= most) {
		return nil
	}
	return field.ErrorList{field.Invalid(at, d.Duration.String(), fmt.Sprintf("a duration from 1s to %s", most))}
}
