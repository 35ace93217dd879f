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
	"github.com/evenkeel-dev/evenkeel/webhook/review"
	"github.com/evenkeel-dev/evenkeel/webhook/workload"
)

// tree is a JSON object as encoding/json reads it.
type tree = map[string]any

// neighbour is one write of a route or a Service in flight.
type neighbour struct {
	tree tree
	old  tree   // the live object, empty where there is none
	sent []byte // tree, as it was sent
	// split is the annotation that counts: the one that Evenkeel sends, or else
	// the one that the live object carries. before is the live object's.
	split, before string
	warnings      []string
}

func (h *Handler) neighbour(request *admissionv1.AdmissionRequest) (neighbour, error) {
	n := neighbour{sent: request.Object.Raw, old: tree{}}
	if err := json.Unmarshal(request.Object.Raw, &n.tree); err != nil {
		return n, fmt.Errorf("cannot decode the object: %w", err)
	}
	if len(request.OldObject.Raw) > 0 {
		if err := json.Unmarshal(request.OldObject.Raw, &n.old); err != nil {
			return n, fmt.Errorf("cannot decode the old object: %w", err)
		}
	}
	n.before = annotation(n.old, route.SplitAnnotation)
	n.split = n.before
	self := request.UserInfo.Username == h.self
	if self {
		n.split = annotation(n.tree, route.SplitAnnotation)
	}
	n.warnings = n.editedSplit(self)
	return n, nil
}

// mutateService narrows the selector of a Service in flight, whoever writes it.
func (h *Handler) mutateService(_ *http.Request, request *admissionv1.AdmissionRequest) (review.Answer, error) {
	n, err := h.neighbour(request)
	if err != nil {
		return review.Answer{}, err
	}
	if n.split == "" && n.before == "" && request.UserInfo.Username != h.self { // ours may find a selector that was left behind
		return n.patch(n.marks())
	}
	narrow, err := route.ParseNarrow(n.split)
	if err != nil {
		return review.Answer{Denied: "evenkeel: " + err.Error()}, nil
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

// mutateRoute divides a route in flight, and one whose owner asks for it by
// annotations, whoever writes it.
func (h *Handler) mutateRoute(kind route.Kind) review.Func {
	return func(r *http.Request, request *admissionv1.AdmissionRequest) (review.Answer, error) {
		n, err := h.neighbour(request)
		if err != nil {
			return review.Answer{}, err
		}
		before, err := route.Parse(n.before)
		if err != nil {
			return review.Answer{Denied: "evenkeel: " + err.Error()}, nil
		}
		split, err := route.Parse(n.split)
		if err != nil {
			return review.Answer{Denied: "evenkeel: " + err.Error()}, nil
		}
		if split, err = split.ByHand(route.Annotations(n.tree)); err != nil {
			return review.Answer{Denied: "evenkeel: " + err.Error()}, nil
		}
		renderer, unknown, err := h.topology.Renderer(r.Context(), kind, n.tree)
		switch {
		case err != nil:
			return review.Answer{}, err
		case unknown != nil && len(split.Shares) > 0:
			return review.Answer{Denied: fmt.Sprintf("evenkeel: this %s is in flight and cannot be divided: %v", kind.Name(), unknown)}, nil
		}
		rendering, err := renderer.Render(renderer.Restore(n.tree, before), split)
		if err != nil {
			return review.Answer{Denied: fmt.Sprintf("evenkeel: this route cannot be divided: %v", err)}, nil
		}
		why, err := h.topology.StrangerByHand(r.Context(), kind, renderer, renderer.Restore(n.tree, before), before, split)
		if err != nil || why != "" {
			return review.Answer{Denied: why}, err
		}
		if why := h.topology.NewMirror(r.Context(), kind, n.old, before, rendering); why != "" {
			return review.Answer{Denied: fmt.Sprintf("evenkeel: this %s is in flight and cannot mirror as its release asks: %s", kind.Name(), why)}, nil
		}
		return n.divided(rendering)
	}
}

// divided shows what a split makes of a route.
func (n neighbour) divided(rendering route.Rendering) (review.Answer, error) {
	n.split = rendering.Split.String()
	return n.patch(append(review.Differences(n.tree, rendering.Shown), n.marks()...))
}

// marks keeps annotation and label of an object in flight together.
func (n neighbour) marks() []policy.Change {
	changes := []policy.Change{{Path: review.AnnotationPath(route.SplitAnnotation)}, {Path: review.LabelPath(rollout.InFlightLabel)}}
	if n.split != "" {
		changes[0].Value, changes[1].Value = n.split, "true"
	}
	return changes
}

func (n neighbour) patch(changes []policy.Change) (review.Answer, error) {
	patch, err := review.Patch(n.sent, changes)
	return review.Answer{Patch: patch, Warnings: n.warnings}, err
}

func annotation(object tree, key string) string {
	meta, _ := object["metadata"].(tree)
	annotations, _ := meta["annotations"].(tree)
	text, _ := annotations[key].(string)
	return text
}

// editedSplit tells whoever edited the split of a route or Service.
func (n neighbour) editedSplit(self bool) []string {
	sent := annotation(n.tree, route.SplitAnnotation)
	if self || len(n.old) == 0 || sent == "" || sent == n.before {
		return nil
	}
	return workload.PutBack(route.SplitAnnotation)
}
