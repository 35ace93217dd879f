// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// known are the annotations of a Deployment that this version understands.
var known = []string{"action", "analysis", "capacity", "inject", "injected", "match", "override", "probe", "rollout", "route", "split", "steps", "strategy"}

// wants says which injections a Deployment takes.
type wants struct{ strategy, probes, version, shutdown, cause bool }

// injectWords are what the annotation evenkeel.dev/inject may list.
const injectWords = "strategy, probes, shutdown, version and cause"

// parseInject reads the annotation evenkeel.dev/inject: a list of injectWords, or
// none. Left out, it wants all; broken, it wants none.
func parseInject(text string) (wants, error) {
	var w wants
	if text == "" {
		return wants{true, true, true, true, true}, nil
	}
	for word := range strings.SplitSeq(text, ",") {
		switch strings.TrimSpace(word) {
		case "strategy":
			w.strategy = true
		case "probes":
			w.probes = true
		case "version":
			w.version = true
		case "shutdown":
			w.shutdown = true
		case "cause":
			w.cause = true
		case "none":
		default:
			return wants{}, fmt.Errorf("%q is not an injection: write a list of %s, or none", strings.TrimSpace(word), injectWords)
		}
	}
	return w, nil
}

// record writes down what is ours, so that the next write can tell.
func record(r *review) {
	if !r.after.Empty() {
		r.after.Rule = r.Policy.Rule
	}
	have, want := r.Object.Annotations[policy.InjectedAnnotation], r.after.String()
	if have == want {
		return
	}
	if r.Object.Annotations == nil {
		r.Object.Annotations = map[string]string{}
	}
	if r.Object.Annotations[policy.InjectedAnnotation] = want; want == "" {
		delete(r.Object.Annotations, policy.InjectedAnnotation)
	}
	r.change("/metadata/annotations/"+escape(policy.InjectedAnnotation), orNil(want), "the record of what was injected")
}

// brokenInject is the check of the annotation's grammar.
func brokenInject(d world) (int, string) {
	if _, err := parseInject(d.Annotations[policy.InjectAnnotation]); err != nil {
		return 1, fmt.Sprintf("annotation %s: %v", policy.InjectAnnotation, err)
	}
	return 0, ""
}

// unknownAnnotations lists the annotations with our prefix that do nothing.
func unknownAnnotations(annotations map[string]string) []string {
	var keys []string
	for key := range annotations {
		if word, ours := strings.CutPrefix(key, "evenkeel.dev/"); ours && !slices.Contains(known, word) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}
