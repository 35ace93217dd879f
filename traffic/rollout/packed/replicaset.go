// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package packed

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// annotation holds the template of a packed ReplicaSet. It is in caches alone.
const annotation = "evenkeel.dev/packed-template"

// ReplicaSet gives what is kept of a ReplicaSet: whose it is, which version, how
// many pods it has and may not make, and its template, packed. One that is packed
// already is given as it is, and so is one whose template cannot be packed.
func ReplicaSet(whole *appsv1.ReplicaSet) *appsv1.ReplicaSet {
	if isPacked(whole) {
		return whole
	}
	template, err := whole.Spec.Template.Marshal()
	if err != nil { // cannot happen: it came in this form or one that says the same
		return whole
	}
	kept := &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: whole.Namespace, Name: whole.Name, UID: whole.UID, ResourceVersion: whole.ResourceVersion, Generation: whole.Generation,
			CreationTimestamp: whole.CreationTimestamp, DeletionTimestamp: whole.DeletionTimestamp, OwnerReferences: whole.OwnerReferences,
		},
		Spec: appsv1.ReplicaSetSpec{Replicas: whole.Spec.Replicas, MinReadySeconds: whole.Spec.MinReadySeconds},
		Status: appsv1.ReplicaSetStatus{
			Replicas: whole.Status.Replicas, ReadyReplicas: whole.Status.ReadyReplicas, ObservedGeneration: whole.Status.ObservedGeneration, Conditions: whole.Status.Conditions,
		},
	}
	kept.Labels = only(whole.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
	kept.Annotations = only(whole.Annotations, rollout.RevisionAnnotation, policy.InjectedAnnotation, policy.CauseAnnotation)
	kept.Annotations[annotation] = string(template)
	return kept
}

// Template gives the template of a ReplicaSet, packed or whole.
func Template(rs *appsv1.ReplicaSet) (*corev1.PodTemplateSpec, error) {
	if !isPacked(rs) {
		return &rs.Spec.Template, nil
	}
	var template corev1.PodTemplateSpec
	if err := template.Unmarshal([]byte(rs.Annotations[annotation])); err != nil {
		return nil, fmt.Errorf("cannot unpack the template of ReplicaSet %q: %w", rs.Name, err)
	}
	return &template, nil
}

// isPacked tells a packed ReplicaSet from one that came with the annotation, as one
// does whose Deployment somebody gave it: the API server lets none be without
// containers.
func isPacked(rs *appsv1.ReplicaSet) bool {
	return rs.Annotations[annotation] != "" && len(rs.Spec.Template.Spec.Containers) == 0
}

// only keeps some of the entries of a map.
func only(all map[string]string, keys ...string) map[string]string {
	kept := map[string]string{}
	for _, key := range keys {
		if value, there := all[key]; there {
			kept[key] = value
		}
	}
	return kept
}
