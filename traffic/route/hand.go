// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package route

import (
	"fmt"
	"strconv"
	"strings"
)

// What people write on a route whose two Services they keep themselves.
const (
	StableServiceAnnotation = "evenkeel.dev/stable-service"
	CanaryServiceAnnotation = "evenkeel.dev/canary-service"
	CanaryWeightAnnotation  = "evenkeel.dev/canary-weight"
)

// HandWord is an annotation that a person may write on a route.
type HandWord struct {
	Key string
	// Values are examples, in Markdown.
	Values string
	// Meaning is one line for people.
	Meaning string
}

// HandWords lists what a person may write on a route whose two Services they keep.
func HandWords() []HandWord {
	return []HandWord{
		{StableServiceAnnotation, "`demo`", "the Service that the route leads to already; its share is divided"},
		{CanaryServiceAnnotation, "`demo-next`", "the Service that gets the canary's share; both are needed"},
		{CanaryWeightAnnotation, "`30`, `30%`", "its share in whole percent, from 0 to 100; 0 where left out"},
		{MatchAnnotation, "`header:x-group=beta;cookie:gray=always`", "requests that always go to the canary's Service, as on a Deployment; may be left out"},
	}
}

// ByHand gives the split with the share that a route's own annotations ask for,
// and without one that they asked for before. It belongs to no Deployment.
//
// The error says which annotation lacks, or has a value that cannot be.
func (s Split) ByHand(annotations map[string]any) (Split, error) {
	s = s.WithoutDeployment("")
	stable, canary := word(annotations, StableServiceAnnotation), word(annotations, CanaryServiceAnnotation)
	weight, match := word(annotations, CanaryWeightAnnotation), word(annotations, MatchAnnotation)
	switch {
	case stable == "" && canary == "" && weight == "":
		return s, nil
	case stable == "" || canary == "":
		return s, fmt.Errorf("annotations %s and %s name two Services: both are needed", StableServiceAnnotation, CanaryServiceAnnotation)
	case stable == canary:
		return s, fmt.Errorf("annotations %s and %s name the same Service %q", StableServiceAnnotation, CanaryServiceAnnotation, stable)
	}
	if weight == "" {
		weight = "0"
	}
	n, err := strconv.Atoi(strings.TrimSuffix(weight, "%"))
	if err != nil || n < 0 || n > 100 {
		return s, fmt.Errorf("annotation %s: %q is not a whole percent from 0 to 100", CanaryWeightAnnotation, weight)
	}
	if _, err := ParseMatch(match); err != nil {
		return s, fmt.Errorf("annotation %s: %w", MatchAnnotation, err)
	}
	if other, taken := s.Share(stable); taken {
		return s, fmt.Errorf("annotation %s: Service %q is in flight with Deployment %q; take the annotation off, or wait until the release has ended", StableServiceAnnotation, stable, other.Deployment)
	}
	return s.With(Share{Service: stable, Canary: canary, Weight: n, Match: match}), nil
}

func word(annotations map[string]any, key string) string {
	value, _ := annotations[key].(string)
	return strings.TrimSpace(value)
}
