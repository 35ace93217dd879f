// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// unknownInterval is that of an analysis which the policy does not have.
const unknownInterval = 30 * time.Second

// NoAnalysis is what the annotation says where nothing is to guard the steps.
const NoAnalysis = "none"

// withAnalyses gives the policy with the analyses that a Deployment names.
func (p Policy) withAnalyses(text string) Policy {
	if p.Overridable.Given && !p.Overridable.Lets("rollout.analysis") {
		p.ignore("annotation %s is not followed: policy rule %s does not list rollout.analysis as overridable", AnalysisAnnotation, p.Rule)
		return p
	}
	p.Rollout.Analysis = nil
	if strings.TrimSpace(text) == NoAnalysis {
		return p
	}
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); !slices.Contains(p.Rollout.Analysis, name) {
			p.Rollout.Analysis = append(p.Rollout.Analysis, name)
		}
	}
	return p
}

// UnknownAnalyses are those that the policy names and does not have, and what there is.
func (p Policy) UnknownAnalyses() (unknown, known []string) {
	for _, name := range p.Rollout.Analysis {
		if _, there := p.Analyses[name]; !there {
			unknown = append(unknown, name)
		}
	}
	return unknown, slices.Sorted(maps.Keys(p.Analyses))
}

// WrongAnalyses says what is wrong with the analyses that are named; empty where
// nothing is.
func (p Policy) WrongAnalyses() string {
	unknown, known := p.UnknownAnalyses()
	switch {
	case len(unknown) > 0 && len(known) == 0:
		return fmt.Sprintf("analysis %q is not known: the policy has no analyses; take it out of %s, or add it to the policy's analyses", unknown[0], AnalysisAnnotation)
	case len(unknown) > 0:
		return fmt.Sprintf("analysis %q is not known: the policy has %s; write for example\n  %s: %s", unknown[0], strings.Join(known, ", "), AnalysisAnnotation, known[0])
	case len(p.Rollout.Analysis) > rollout.MaxAnalyses:
		return fmt.Sprintf("%d analyses are more than the %d that a rollout can have; write fewer names into %s", len(p.Rollout.Analysis), rollout.MaxAnalyses, AnalysisAnnotation)
	default:
		return ""
	}
}

// Evidence is what a rollout that starts now freezes of its analyses. One that the
// policy does not have says nothing for ever, so that its steps hold.
func (p Policy) Evidence() rollout.Evidence {
	var out rollout.Evidence
	for _, name := range p.Rollout.Analysis[:min(len(p.Rollout.Analysis), rollout.MaxAnalyses)] {
		spec := p.Analyses[name]
		out = append(out, rollout.Analysis{
			Name: name, Interval: rollout.Duration(cmp.Or(spec.Interval, unknownInterval)), FailureLimit: spec.FailureLimit, InconclusiveLimit: spec.InconclusiveLimit,
			DryRun: spec.DryRun, Compares: spec.OnlyCompares(),
		})
	}
	return out
}
