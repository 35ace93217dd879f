// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// Subject is everything that a review looks at.
type Subject struct {
	// Old is the live object, nil on CREATE; New is what is asked for. Both have
	// the API's defaults, and both show the user's own rollout knobs.
	Old, New *appsv1.Deployment
	Policy   Policy
	// Services are those that select the pods; nil where they are not known.
	Services []corev1.Service
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
	// TemplateChanged tells that the requester changed the pod template.
	TemplateChanged bool
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
	// Action is what follows. A violation that stood before is not worse than Warn.
	Action Action
}

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
	// Readiness names the containers with an injected readiness probe, sorted.
	Readiness []string `json:"readiness,omitempty"`
}

// Empty tells whether nothing is recorded.
func (i Injected) Empty() bool {
	return len(i.Fields) == 0 && i.VersionLabel == "" && len(i.Readiness) == 0
}

// Probes tells whether a container's readiness probe was injected.
func (i Injected) Probes(container string) bool { return slices.Contains(i.Readiness, container) }

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
