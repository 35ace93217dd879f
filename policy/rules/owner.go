// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/evenkeel-dev/evenkeel/policy/jsontree"
)

// asked holds what somebody asked for by name. The API server has filled in its
// defaults before admission sees an object, and an Update manager's
// managedFields count those as set. So it is read, in this order, from the
// last-applied annotation and from what an Apply manager owns; where neither
// names a field, the caller compares with the API's default.
type asked struct {
	applied *jsontree.Node // as a manifest
	owned   []ownership    // as managedFields
}

// ownership is what one Apply manager owns.
type ownership struct {
	manager string
	fields  *jsontree.Node
}

// askedOf reads what was asked of an object. What cannot be read asks nothing.
func askedOf(d *appsv1.Deployment) asked {
	a := asked{applied: jsontree.Parse(d.Annotations[corev1.LastAppliedConfigAnnotation])}
	for _, entry := range d.ManagedFields {
		if entry.Operation != metav1.ManagedFieldsOperationApply || entry.FieldsV1 == nil || entry.Subresource != "" {
			continue
		}
		a.owned = append(a.owned, ownership{entry.Manager, jsontree.Parse(entry.FieldsV1.GetRawString())})
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
func inManifest(at *jsontree.Node, path []string) bool {
	if len(path) == 0 || at.Absent() {
		return !at.Absent()
	}
	for _, one := range at.Items() {
		if name, ok := one.Field("name").String(); ok && item(name) == path[0] {
			return inManifest(one, path[1:])
		}
	}
	return inManifest(at.Field(path[0]), path[1:])
}

// inFields walks a set of managed fields.
func inFields(at *jsontree.Node, path []string) bool {
	for _, segment := range path {
		key := "f:" + segment
		if name, ok := strings.CutPrefix(segment, item("")); ok {
			key = `k:{"name":"` + name + `"}`
		}
		if at = at.Field(key); at == nil {
			return false
		}
	}
	return true
}
