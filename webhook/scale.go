// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"encoding/json"
	"fmt"
	"net/http"

	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/policy/rules"
	"github.com/evenkeel-dev/evenkeel/webhook/review"
)

// validateScale tells whoever scales a Deployment what its own numbers come to at
// the new size. It refuses nothing: scaling is what helps in an emergency. The
// Deployment is the cache's; of one that is not there, or whose surroundings
// cannot be read, it says nothing.
func (h *Handler) validateScale(r *http.Request, request *admissionv1.AdmissionRequest) (review.Answer, error) {
	var scale autoscalingv1.Scale
	if err := json.Unmarshal(request.Object.Raw, &scale); err != nil {
		return review.Answer{}, fmt.Errorf("cannot decode the Scale: %w", err)
	}
	var d appsv1.Deployment
	if h.topology.Cache.Get(r.Context(), client.ObjectKey{Namespace: request.Namespace, Name: request.Name}, &d) != nil {
		return review.Answer{}, nil
	}
	subject, err := h.resting(r.Context(), &d)
	if err != nil {
		h.log.V(1).Info("said nothing about a scaling", "namespace", request.Namespace, "name", request.Name, "cause", err.Error())
		return review.Answer{}, nil
	}
	return review.Answer{Warnings: rules.Resized(subject, scale.Spec.Replicas)}, nil
}
