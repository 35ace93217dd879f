// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"encoding/json"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// asked holds what somebody asked for by name. The API server has filled in its
// defaults before admission sees an object, and an Update manager's
// managedFields count those as set. So it is read, in this order, from the
// last-applied annotation and from what an Apply manager owns; where neither
// names a field, the caller compares with the API's default.
type asked struct {
	applied map[string]any // as a manifest
	owned   []ownership    // as managedFields
}

// ownership is what one Apply manager owns.
type ownership struct {
	manager string
	fields  map[string]any
}

// askedOf reads what was asked of an object. What cannot be read asks nothing.
func askedOf(d *appsv1.Deployment) asked {
	var a asked
	if text := d.Annotations[corev1.LastAppliedConfigAnnotation]; text != "" {
		_ = json.Unmarshal([]byte(text), &a.applied)
	}
	for _, entry := range d.ManagedFields {
		if entry.Operation != metav1.ManagedFieldsOperationApply || entry.FieldsV1 == nil || entry.Subresource != "" {
			continue
		}
		var fields map[string]any
		if json.Unmarshal([]byte(entry.FieldsV1.GetRawString()), &fields) == nil {
			a.owned = append(a.owned, ownership{entry.Manager, fields})
		}
	}
	return a
}

// item is the segment of a path that leads to a list's item by its name.
func item(name string) string { return "name=" + name }

// by tells who asked for a field by name; "" is nobody.
func (a asked) by(path ...string) string {
	if inManifest(a.applied, path) {
		return "the applied manifest"
	}
	for _, one := range a.owned {
		if inFields(one.fields, path) {
			return "manager " + one.manager
		}
	}
	return ""
}

// forField tells whether somebody asked for a field by name.
func (a asked) forField(path ...string) bool { return a.by(path...) != "" }

// inManifest walks a manifest. A null asks for nothing.
func inManifest(at any, path []string) bool {
	if len(path) == 0 || at == nil {
		return at != nil
	}
	switch node := at.(type) {
	case map[string]any:
		return inManifest(node[path[0]], path[1:])
	case []any:
		for _, one := range node {
			object, _ := one.(map[string]any)
			if name, ok := object["name"].(string); ok && item(name) == path[0] {
				return inManifest(object, path[1:])
			}
		}
	}
	return false
}

// inFields walks a set of managed fields.
func inFields(at map[string]any, path []string) bool {
	for i, segment := range path {
		key := "f:" + segment
		if name, ok := strings.CutPrefix(segment, item("")); ok {
			key = `k:{"name":"` + name + `"}`
		}
		next, ok := at[key]
		if !ok || i == len(path)-1 {
			return ok
		}
		if at, ok = next.(map[string]any); !ok {
			return false
		}
	}
	return false
}
