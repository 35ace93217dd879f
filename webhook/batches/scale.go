// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package batches

import (
	"fmt"
	"net/http"
	"strings"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/go-json-experiment/json"
	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/webhook/review"
)

// ValidateScale keeps the new pods of a StatefulSet in flight while its
// Services lead to them alone. A Scale says nothing of its StatefulSet, so this
// costs whoever makes one smaller a GET.
func (h *Handler) ValidateScale(r *http.Request, request *admissionv1.AdmissionRequest) (review.Answer, error) {
	var before, scale autoscalingv1.Scale
	for raw, into := range map[*[]byte]*autoscalingv1.Scale{&request.OldObject.Raw: &before, &request.Object.Raw: &scale} {
		if err := json.Unmarshal(*raw, into); err != nil {
			return review.Answer{}, fmt.Errorf("cannot decode the Scale: %w", err)
		}
	}
	set := metav1.PartialObjectMetadata{TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: batch.StatefulSet}}
	if err := h.Topology.Live.Get(r.Context(), client.ObjectKey{Namespace: request.Namespace, Name: request.Name}, &set); err != nil {
		return review.Answer{}, fmt.Errorf("cannot get StatefulSet %q: %w", request.Name, err)
	}
	state, err := batch.ParseState(set.Annotations[rollout.StateAnnotation])
	if err != nil {
		h.Log.Error(err, "ignored an unreadable state", "namespace", request.Namespace, "name", request.Name)
	}
	return review.Answer{Denied: refusedScale(state, request.Namespace, request.Name, before.Spec.Replicas, scale.Spec.Replicas)}, nil
}

// refusedScale says why a StatefulSet in flight cannot be scaled so.
func refusedScale(state batch.State, namespace, name string, from, to int32) string {
	err := state.RefuseScale(from, to)
	if err == nil {
		return ""
	}
	return "evenkeel: " + strings.Replace(err.Error(), " NAME ", fmt.Sprintf(" -n %s %s ", namespace, name), 1)
}
