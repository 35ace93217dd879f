// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package route

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
)

// The labels by which the Services of a rollout tell versions apart: the stock
// controllers' own, of Deployments and of the other workloads.
const (
	hashKey     = "pod-template-hash"
	revisionKey = "controller-revision-hash"
)

// CanarySuffix makes the name of the canary's Service from the user's.
const CanarySuffix = "-canary"

// Narrow is what a user's Service in flight carries: whose rollout it serves and
// which version it leads to.
type Narrow struct {
	Deployment string `json:"deployment,omitempty"`
	// Workload is what is not a Deployment, as KIND/NAME.
	Workload string `json:"workload,omitempty"`
	Hash     string `json:"hash"`
}

// Owner names the workload for a person; empty for the zero Narrow.
func (n Narrow) Owner() string {
	if n.Deployment != "" {
		return fmt.Sprintf("Deployment %q", n.Deployment)
	}
	kind, name, named := strings.Cut(n.Workload, "/")
	if !named {
		return n.Workload
	}
	return fmt.Sprintf("%s %q", kind, name)
}

// ParseNarrow reads a split annotation of a Service; an empty text is the zero
// Narrow, which leaves the Service as its user wrote it.
func ParseNarrow(text string) (Narrow, error) {
	var n Narrow
	if text == "" {
		return n, nil
	}
	if err := json.Unmarshal([]byte(text), &n); err != nil {
		return Narrow{}, fmt.Errorf("cannot read annotation %s: %w", SplitAnnotation, err)
	}
	return n, nil
}

// String writes the narrow as ParseNarrow reads it; the zero one is empty.
func (n Narrow) String() string {
	if n == (Narrow{}) {
		return ""
	}
	text, err := json.Marshal(n)
	if err != nil { // cannot happen: all fields are strings
		return ""
	}
	return string(text)
}

// Selector gives the selector that a Service shows: the user's own, narrowed to
// the version. Its inverse is OwnSelector.
func (n Narrow) Selector(own map[string]string) map[string]string {
	out := OwnSelector(own)
	switch {
	case n.Hash == "":
	case n.Workload != "":
		out[revisionKey] = n.Hash
	default:
		out[hashKey] = n.Hash
	}
	return out
}

// OwnSelector gives the selector that the user wrote.
func OwnSelector(shown map[string]string) map[string]string {
	out := maps.Clone(shown)
	if out == nil {
		out = map[string]string{}
	}
	delete(out, hashKey)
	delete(out, revisionKey)
	return out
}
