// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"encoding/json"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// userSet tells whether somebody asked for a field of the spec by name. The API
// server has filled in its defaults before admission sees an object, and an
// Update manager's managedFields count those as set. So it is read, in this
// order, from the last-applied annotation and from what an Apply manager owns;
// where neither says so, the caller compares with the API's default.
func userSet(d *appsv1.Deployment, path ...string) bool {
	if text := d.Annotations[corev1.LastAppliedConfigAnnotation]; text != "" {
		var applied map[string]any
		if json.Unmarshal([]byte(text), &applied) == nil && has(applied, "", append([]string{"spec"}, path...)) {
			return true
		}
	}
	for _, entry := range d.ManagedFields {
		if entry.Operation != metav1.ManagedFieldsOperationApply || entry.FieldsV1 == nil || entry.Subresource != "" {
			continue
		}
		var fields map[string]any
		if json.Unmarshal([]byte(entry.FieldsV1.GetRawString()), &fields) == nil && has(fields, "f:", append([]string{"spec"}, path...)) {
			return true
		}
	}
	return false
}

// has tells whether a tree holds a path whose segments have a prefix.
func has(tree map[string]any, prefix string, path []string) bool {
	for i, segment := range path {
		next, ok := tree[prefix+segment]
		if !ok || i == len(path)-1 {
			return ok
		}
		if tree, ok = next.(map[string]any); !ok {
			return false
		}
	}
	return false
}
