// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"encoding/json"
	"fmt"
	"net/http"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// neighbour is one write of a route or a Service in flight.
type neighbour struct {
	tree tree
	sent []byte // tree, as it was sent
	// split is the annotation that counts: the one that Evenkeel sends, or else
	// the one that the live object carries. before is the live object's.
	split, before string
}

func (h *Handler) neighbour(request *admissionv1.AdmissionRequest) (neighbour, error) {
	n := neighbour{sent: request.Object.Raw}
	if err := json.Unmarshal(request.Object.Raw, &n.tree); err != nil {
		return n, fmt.Errorf("cannot decode the object: %w", err)
	}
	old := tree{}
	if len(request.OldObject.Raw) > 0 {
		if err := json.Unmarshal(request.OldObject.Raw, &old); err != nil {
			return n, fmt.Errorf("cannot decode the old object: %w", err)
		}
	}
	n.before = annotation(old, route.SplitAnnotation)
	n.split = n.before
	if request.UserInfo.Username == h.self {
		n.split = annotation(n.tree, route.SplitAnnotation)
	}
	return n, nil
}

// mutateService narrows the selector of a Service in flight, whoever writes it.
func (h *Handler) mutateService(_ *http.Request, request *admissionv1.AdmissionRequest) (answer, error) {
	n, err := h.neighbour(request)
	if err != nil {
		return answer{}, err
	}
	if n.split == "" && n.before == "" {
		return n.patch(n.marks())
	}
	narrow, err := route.ParseNarrow(n.split)
	if err != nil {
		return answer{denied: "evenkeel: " + err.Error()}, nil
	}
	spec, _ := n.tree["spec"].(tree)
	shown, _ := spec["selector"].(tree)
	own := make(map[string]string, len(shown))
	for key, value := range shown {
		own[key], _ = value.(string)
	}
	changes := []policy.Change{{Path: "/spec/selector", Value: narrow.Selector(own)}}
	return n.patch(append(changes, n.marks()...))
}

// mutateRoute divides the rules of a route in flight, whoever writes it.
func (h *Handler) mutateRoute(_ *http.Request, request *admissionv1.AdmissionRequest) (answer, error) {
	n, err := h.neighbour(request)
	if err != nil {
		return answer{}, err
	}
	before, err := route.Parse(n.before)
	if err != nil {
		return answer{denied: "evenkeel: " + err.Error()}, nil
	}
	split, err := route.Parse(n.split)
	if err != nil {
		return answer{denied: "evenkeel: " + err.Error()}, nil
	}
	spec, _ := n.tree["spec"].(tree)
	shown, _ := spec["rules"].([]any)
	rules, done, err := route.Apply(route.Restore(shown, before), split)
	if err != nil {
		return answer{denied: fmt.Sprintf("evenkeel: this route is in flight and cannot be divided: %v", err)}, nil
	}
	var changes []policy.Change
	for i, rule := range rules {
		tree, _ := rule.(tree)
		if backends, ok := tree["backendRefs"]; ok {
			changes = append(changes, policy.Change{Path: fmt.Sprintf("/spec/rules/%d/backendRefs", i), Value: backends})
		}
	}
	n.split = done.String()
	return n.patch(append(changes, n.marks()...))
}

// marks keeps annotation and label of an object in flight together.
func (n neighbour) marks() []policy.Change {
	changes := []policy.Change{{Path: annotationPath(route.SplitAnnotation)}, {Path: labelPath(rollout.InFlightLabel)}}
	if n.split != "" {
		changes[0].Value, changes[1].Value = n.split, "true"
	}
	return changes
}

func (n neighbour) patch(changes []policy.Change) (answer, error) {
	patch, err := buildPatch(n.sent, changes)
	return answer{patch: patch}, err
}

func annotation(object tree, key string) string {
	meta, _ := object["metadata"].(tree)
	annotations, _ := meta["annotations"].(tree)
	text, _ := annotations[key].(string)
	return text
}
