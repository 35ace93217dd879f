// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"maps"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// put sets one field in a policy.
type put = func(*policy.Policy)

// fields are the fields of a rule, each with what it sets; nil where the file
// leaves it out. The checks come after them.
var fields = []struct {
	path string
	read func(d *Defaults) put
}{
	{"inject.strategy", func(d *Defaults) put {
		return given(d.Inject.Strategy, func(p *policy.Policy, s Strategy) {
			p.Inject.Strategy = &policy.Strategy{MaxSurge: s.MaxSurge, MaxUnavailable: s.MaxUnavailable}
		})
	}},
	{"inject.minReadySeconds", func(d *Defaults) put {
		return given(d.Inject.MinReadySeconds, func(p *policy.Policy, n int32) { p.Inject.MinReadySeconds = &n })
	}},
	{"inject.progressDeadlineSeconds", func(d *Defaults) put {
		return given(d.Inject.ProgressDeadlineSeconds, func(p *policy.Policy, n int32) { p.Inject.ProgressDeadlineSeconds = &n })
	}},
	{"inject.revisionHistoryLimit", func(d *Defaults) put {
		return given(d.Inject.RevisionHistoryLimit, func(p *policy.Policy, n int32) { p.Inject.RevisionHistoryLimit = &n })
	}},
	{"inject.terminationGracePeriodSeconds", func(d *Defaults) put {
		return given(d.Inject.TerminationGracePeriodSeconds, func(p *policy.Policy, n int64) { p.Inject.TerminationGracePeriodSeconds = &n })
	}},
	{"inject.preStop", func(d *Defaults) put { return given(d.Inject.PreStop, putPreStop) }},
	{"inject.probes.readiness", func(d *Defaults) put {
		return given(d.Inject.Probes.Readiness, func(p *policy.Policy, r Probe) { p.Inject.Readiness = r.policy(true) })
	}},
	{"inject.probes.startup", func(d *Defaults) put {
		return given(d.Inject.Probes.Startup, func(p *policy.Policy, r Probe) { p.Inject.Startup = r.policy(true) })
	}},
	{"inject.probes.liveness", func(d *Defaults) put {
		return given(d.Inject.Probes.Liveness, func(p *policy.Policy, r Probe) { p.Inject.Liveness = r.policy(false) })
	}},
	{"inject.versionLabel", func(d *Defaults) put { return given(d.Inject.VersionLabel, putVersionLabel) }},
	{"inject.changeCause", func(d *Defaults) put {
		return given(d.Inject.ChangeCause, func(p *policy.Policy, on bool) { p.Inject.ChangeCause = on })
	}},
	{"rollout.strategy", func(d *Defaults) put {
		return given(text(d.Rollout.Strategy), func(p *policy.Policy, s string) { p.Rollout.Strategy = s })
	}},
	{"rollout.steps", func(d *Defaults) put {
		return given(text(d.Rollout.Steps), func(p *policy.Policy, s string) { p.Rollout.Steps = s })
	}},
	{"rollout.capacity", func(d *Defaults) put {
		return given(text(d.Rollout.Capacity), func(p *policy.Policy, s string) { p.Rollout.Capacity = s })
	}},
	{"rollout.onFailure", func(d *Defaults) put {
		return given(text(d.Rollout.OnFailure), func(p *policy.Policy, s string) { p.Rollout.OnFailure = s })
	}},
	{"rollout.analysis", func(d *Defaults) put {
		return given(d.Rollout.Analysis, func(p *policy.Policy, names []string) { p.Rollout.Analysis = names })
	}},
	{"rollout.refuseRolledBack", func(d *Defaults) put {
		return given(d.Rollout.RefuseRolledBack, func(p *policy.Policy, on bool) { p.Rollout.RefuseRolledBack = on })
	}},
	{"rollout.settle", func(d *Defaults) put {
		return given(d.Rollout.Settle, func(p *policy.Policy, t metav1.Duration) { p.Rollout.Settle = t.Duration })
	}},
	{"rollout.scaleDownDelay", func(d *Defaults) put {
		return given(d.Rollout.ScaleDownDelay, func(p *policy.Policy, t metav1.Duration) { p.Rollout.ScaleDownDelay = t.Duration })
	}},
	{"rollout.stepDeadline", func(d *Defaults) put {
		return given(d.Rollout.StepDeadline, func(p *policy.Policy, t metav1.Duration) { p.Rollout.StepDeadline = t.Duration })
	}},
	{"rollout.windows", func(d *Defaults) put { return given(d.Rollout.Windows, putWindows) }},
	{"rollout.freezes", func(d *Defaults) put { return given(d.Rollout.Freezes, putFreezes) }},
	{"rollout.minStep", func(d *Defaults) put {
		return given(d.Rollout.MinStep, func(p *policy.Policy, t metav1.Duration) { p.Rollout.MinStep = t.Duration })
	}},
	{"rollout.matchHosts", func(d *Defaults) put {
		return given(d.Rollout.MatchHosts, func(p *policy.Policy, hosts []string) { p.Rollout.MatchHosts = append([]string{}, hosts...) })
	}},
	{"emergency.enabled", func(d *Defaults) put {
		return given(d.Emergency.Enabled, func(p *policy.Policy, on bool) { p.Emergency.Enabled = on })
	}},
	{"emergency.maxDuration", func(d *Defaults) put {
		return given(d.Emergency.MaxDuration, func(p *policy.Policy, t metav1.Duration) { p.Emergency.MaxDuration = t.Duration })
	}},
	{"overridable", func(d *Defaults) put {
		return given(d.Overridable, func(p *policy.Policy, paths []string) { p.Overridable = policy.Overridable{Given: true, Paths: paths} })
	}},
}

// settings lists what a section of the file sets, in a fixed order.
func settings(d *Defaults) []policy.Setting {
	var out []policy.Setting
	for _, field := range fields {
		if set := field.read(d); set != nil {
			out = append(out, policy.Setting{Path: field.path, Put: set})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.Checks)) {
		if name == "default" { // first: it takes the place of all that stood before
			out = append(out, policy.Setting{Path: "checks.default", Put: d.Checks[name].putDefault})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.Checks)) {
		if name != "default" {
			out = append(out, policy.Setting{Path: "checks." + name, Put: d.Checks[name].putAs(name)})
		}
	}
	return out
}

// overridablePaths lists what the list "overridable" may name: fields, and parts
// that hold several.
func overridablePaths() []string {
	paths := map[string]bool{"checks": true, "checks.default": true}
	for _, name := range policy.CheckNames() {
		paths["checks."+name] = true
	}
	for _, field := range fields {
		if field.path == "overridable" || strings.HasPrefix(field.path, "emergency") {
			continue
		}
		for path, found := field.path, true; found; {
			paths[path] = true
			cut := strings.LastIndex(path, ".")
			if found = cut > 0; found {
				path = path[:cut]
			}
		}
	}
	return slices.Sorted(maps.Keys(paths))
}

// given is what a field sets, or nil where it is left out.
func given[T any](value *T, set func(*policy.Policy, T)) put {
	if value == nil {
		return nil
	}
	return func(p *policy.Policy) { set(p, *value) }
}

func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func putPreStop(p *policy.Policy, s PreStop) {
	if s.SleepSeconds != nil {
		p.Inject.PreStopSeconds = s.SleepSeconds
	}
	if !ptr.Deref(s.Enabled, true) {
		p.Inject.PreStopSeconds = nil
	}
}

func putVersionLabel(p *policy.Policy, v VersionLabel) {
	if v.Key != "" {
		p.Inject.VersionLabel = v.Key
	}
	if v.From != "" {
		p.Inject.VersionFrom = v.From
	}
	if !ptr.Deref(v.Enabled, true) {
		p.Inject.VersionLabel = ""
	}
}

// policy is the probe to inject, nil for none.
func (r Probe) policy(enabled bool) *policy.Probe {
	if !ptr.Deref(r.Enabled, enabled) {
		return nil
	}
	return &policy.Probe{
		InitialDelaySeconds: r.InitialDelaySeconds, PeriodSeconds: r.PeriodSeconds, TimeoutSeconds: r.TimeoutSeconds, FailureThreshold: r.FailureThreshold,
	}
}

// putDefault sets what follows from every check that is not named beside it.
func (c Check) putDefault(p *policy.Policy) {
	p.Checks.Actions = map[string]policy.Action{}
	p.Checks.EnforceFrom = map[string]time.Time{}
	if c.Action != "" {
		p.Checks.Default = policy.Action(c.Action)
	}
}

// putAs sets what follows from a check.
func (c Check) putAs(name string) put {
	return func(p *policy.Policy) {
		p.Checks.Actions, p.Checks.EnforceFrom = own(p.Checks.Actions), own(p.Checks.EnforceFrom)
		if c.Action != "" {
			p.Checks.Actions[name] = policy.Action(c.Action)
			delete(p.Checks.EnforceFrom, name)
		}
		if c.EnforceFrom != nil {
			p.Checks.EnforceFrom[name] = c.EnforceFrom.Time
		}
		if c.Limit != nil {
			p.Checks.MaxUnavailable = *c.Limit
		}
	}
}

// own copies a map, so that what others hold stays as it is.
func own[V any](m map[string]V) map[string]V {
	out := make(map[string]V, len(m)+1)
	maps.Copy(out, m)
	return out
}
