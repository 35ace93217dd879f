// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package packed

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// whole is a ReplicaSet with values of every kind in its template.
func whole() *appsv1.ReplicaSet {
	return &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "shop", Name: "demo-5d8f", UID: "u", ResourceVersion: "7", Generation: 3,
			Labels:          map[string]string{"app": "demo", "pod-template-hash": "5d8f"},
			Annotations:     map[string]string{"deployment.kubernetes.io/revision": "4", "evenkeel.dev/injected": "{}", "example.com/long": "text"},
			OwnerReferences: []metav1.OwnerReference{{Kind: "Deployment", Name: "demo", UID: "d", Controller: ptr.To(true)}},
			ManagedFields:   []metav1.ManagedFieldsEntry{{Manager: "kubectl"}},
		},
		Spec: appsv1.ReplicaSetSpec{
			Replicas: ptr.To[int32](3), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "demo"}},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "demo", "pod-template-hash": "5d8f"}},
				Spec: corev1.PodSpec{
					TerminationGracePeriodSeconds: ptr.To[int64](0), NodeSelector: map[string]string{},
					Containers: []corev1.Container{{
						Name: "app", Image: "demo:v1", Args: []string{""},
						Resources:      corev1.ResourceRequirements{Limits: corev1.ResourceList{"cpu": resource.MustParse("0.5"), "memory": resource.MustParse("1Gi")}},
						ReadinessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/", Port: intstr.FromString("http")}}},
						Env:            []corev1.EnvVar{{Name: "A", Value: "b"}},
					}},
				},
			},
		},
		Status: appsv1.ReplicaSetStatus{
			Replicas: 3, ReadyReplicas: 2, AvailableReplicas: 1, ObservedGeneration: 3,
			Conditions: []appsv1.ReplicaSetCondition{{Type: appsv1.ReplicaSetReplicaFailure, Status: corev1.ConditionTrue, Message: "exceeded quota"}},
		},
	}
}

// What readers look at is the same before and after, and packing twice is packing once.
func TestAPackedReplicaSetSaysTheSame(t *testing.T) {
	before, kept := whole(), ReplicaSet(whole())
	template, err := Template(kept)
	require.NoError(t, err)
	assert.True(t, equality.Semantic.DeepEqual(&before.Spec.Template, template), "the template is the same: %v", template)
	assert.Equal(t, corev1.PodTemplateSpec{}, kept.Spec.Template, "its values are kept once")
	assert.Same(t, kept, ReplicaSet(kept))

	delete(kept.Annotations, annotation)
	want := whole()
	want.ManagedFields, want.Spec.Selector, want.Spec.Template, want.Status.AvailableReplicas = nil, nil, corev1.PodTemplateSpec{}, 0
	want.Labels = map[string]string{"pod-template-hash": "5d8f"}
	want.Annotations = map[string]string{"deployment.kubernetes.io/revision": "4", "evenkeel.dev/injected": "{}"}
	assert.Equal(t, want, kept)
}

func TestAWholeReplicaSetHasItsTemplate(t *testing.T) {
	rs := whole()
	template, err := Template(rs)
	require.NoError(t, err)
	assert.Same(t, &rs.Spec.Template, template)
}

func TestABrokenTemplateIsAnError(t *testing.T) {
	_, err := Template(&appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Name: "demo-5d8f", Annotations: map[string]string{annotation: "\xff"}}})
	require.ErrorContains(t, err, `cannot unpack the template of ReplicaSet "demo-5d8f"`)
}

// Somebody may give a Deployment the annotation, and the stock controller hands it on
// to the ReplicaSet: what stands in it counts for nothing.
func TestTheAnnotationFromOutsideIsNotTrusted(t *testing.T) {
	rs := whole()
	rs.Annotations[annotation] = "\xff"
	template, err := Template(rs)
	require.NoError(t, err)
	assert.Same(t, &rs.Spec.Template, template)
	kept := ReplicaSet(rs)
	assert.Empty(t, kept.Spec.Template)
	template, err = Template(kept)
	require.NoError(t, err)
	assert.True(t, equality.Semantic.DeepEqual(&whole().Spec.Template, template))
}
