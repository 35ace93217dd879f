// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// Subject is everything that a review looks at.
type Subject struct {
	// Old is the live object, nil on CREATE; New is what is asked for. Both have
	// the API's defaults, and both show the user's own rollout knobs.
	Old, New *appsv1.Deployment
	// SameTemplate tells that the pod templates of Old and New are known to be the
	// same; they are not compared then.
	SameTemplate bool

	Policy     Policy
	Neighbours Neighbours
	// Revisions are the templates that Old had before and may go back to.
	Revisions []Revision
	// Requester is who writes; empty where nobody does.
	Requester string
	// Now is the time of the review.
	Now time.Time
	// Watch is told before each check that is looked at, and when that is over, so
	// that whoever wants to can measure it; nil tells nobody.
	Watch func(check string, over bool)
}

// Revision is a template that exists, with what was injected into it.
type Revision struct {
	Template corev1.PodTemplateSpec
	Injected Injected
}

// Plan is what a review answers.
type Plan struct {
	// Object is New after Changes.
	Object  *appsv1.Deployment
	Changes []Change
	// Violations are in the order of the checks; those that the policy turned
	// off are not among them.
	Violations []Violation
	Warnings   []string
	// Override is the emergency's annotation that is in force; nil where none is.
	Override *Override
	// Kept tells, one an entry, whose value stands where the policy would have
	// filled one in.
	Kept []string
	// TemplateChanged tells that the requester changed the pod template.
	TemplateChanged bool
	// Back tells that it was changed to one that the Deployment had before.
	Back bool
	// Rule is the policy's rule by which all this was decided.
	Rule string
}

// Change sets one field.
type Change struct {
	// Path is a JSON pointer into the object; missing parents are made.
	Path string
	// Value is the field's new value; nil removes the field.
	Value any
	// Why tells a person what it is for.
	Why string
}

// Violation is a check that does not hold.
type Violation struct {
	Check   string
	Message string
	// Action is what follows: what the policy says, softened by Excuse.
	Action Action
	// Excuse says why a violation that the policy enforces only warns.
	Excuse Excuse
}

// Excuse is why an enforced check does not refuse.
type Excuse string

// The excuses.
const (
	Stood      Excuse = "stood"      // it was there before, and is not worse now
	Overridden Excuse = "overridden" // an emergency's annotation lets it pass
	Staged     Excuse = "staged"     // its day of enforcement has not come
	Early      Excuse = "early"      // what it needs may come right after this CREATE
)

// Denied gives the message of a refusal: every enforced violation, one a line.
func (p Plan) Denied() (string, bool) {
	var lines []string
	for _, violation := range p.Violations {
		if violation.Action == Enforce {
			lines = append(lines, fmt.Sprintf("evenkeel: %s: %s", violation.Check, violation.Message))
		}
	}
	return strings.Join(lines, "\n"), len(lines) > 0
}

// maxInjectedBytes bounds the record that ParseInjected reads.
const maxInjectedBytes = 16 << 10

// Injected is the record of what was injected into a Deployment's template and
// metadata, so that it can be told from what the user wrote.
type Injected struct {
	// Rule is the rule of the policy that asked for it.
	Rule string `json:"rule,omitempty"`
	// Fields names the fields of the spec that follow the policy, sorted.
	Fields []string `json:"fields,omitempty"`
	// VersionLabel is the key of the injected label.
	VersionLabel string `json:"versionLabel,omitempty"`
	// The containers with an injected probe or preStop, by name, sorted.
	Readiness []string `json:"readiness,omitempty"`
	Startup   []string `json:"startup,omitempty"`
	Liveness  []string `json:"liveness,omitempty"`
	PreStop   []string `json:"preStop,omitempty"`
	// Grace tells that terminationGracePeriodSeconds is injected.
	Grace bool `json:"grace,omitempty"`
	// Cause tells that the change cause is injected.
	Cause bool `json:"cause,omitempty"`
}

// Empty tells whether nothing is recorded.
func (i Injected) Empty() bool {
	return len(i.Fields)+len(i.Readiness)+len(i.Startup)+len(i.Liveness)+len(i.PreStop) == 0 && i.VersionLabel == "" && !i.Grace && !i.Cause
}

// Filled tells whether a field of the spec was injected.
func (i Injected) Filled(field string) bool { return slices.Contains(i.Fields, field) }

// ParseInjected reads a record; an empty text is the empty record.
func ParseInjected(text string) (Injected, error) {
	var i Injected
	if text == "" {
		return i, nil
	}
	if len(text) > maxInjectedBytes {
		return i, fmt.Errorf("cannot read annotation %s: %d bytes are more than %d", InjectedAnnotation, len(text), maxInjectedBytes)
	}
	if err := json.Unmarshal([]byte(text), &i); err != nil {
		return Injected{}, fmt.Errorf("cannot read annotation %s: %w", InjectedAnnotation, err)
	}
	return i, nil
}

// String writes the record as ParseInjected reads it; the empty one is "".
func (i Injected) String() string {
	if i.Empty() {
		return ""
	}
	text, err := json.Marshal(i)
	if err != nil { // cannot happen: every field is a string
		return ""
	}
	return string(text)
}
