// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout/packed"
)

// transformOf is what the manager's cache makes of a kind.
func transformOf[T client.Object](t *testing.T) toolscache.TransformFunc {
	t.Helper()
	all := (&options{}).cache()
	for object, by := range all.ByObject {
		if _, same := object.(T); same {
			return by.Transform
		}
	}
	require.Fail(t, "the kind is cached whole")
	return nil
}

// Of the cluster's pods only what batches look at is kept.
func TestPodsAreTrimmed(t *testing.T) {
	meta := metav1.ObjectMeta{
		Namespace: "shop", Name: "demo-0", UID: "1", ResourceVersion: "7", DeletionTimestamp: &metav1.Time{},
		OwnerReferences: []metav1.OwnerReference{{Kind: "StatefulSet", Name: "demo", Controller: ptr.To(true)}},
		Labels:          map[string]string{appsv1.ControllerRevisionHashLabelKey: "demo-1"},
	}
	ready := corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.Now()}
	whole := &corev1.Pod{ObjectMeta: *meta.DeepCopy(), Spec: corev1.PodSpec{NodeName: "node", Containers: []corev1.Container{{Name: "app"}}}}
	whole.Labels["app"], whole.Annotations = "demo", map[string]string{"large": "text"}
	whole.Status = corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled}, ready}}
	kept, err := transformOf[*corev1.Pod](t)(whole)
	require.NoError(t, err)
	assert.Equal(t, &corev1.Pod{ObjectMeta: meta, Spec: corev1.PodSpec{NodeName: "node"}, Status: corev1.PodStatus{Conditions: []corev1.PodCondition{ready}}}, kept)

	unseen := toolscache.DeletedFinalStateUnknown{Key: "shop/demo-0"}
	kept, err = transformOf[*corev1.Pod](t)(unseen)
	require.NoError(t, err)
	assert.Equal(t, unseen, kept)
}

// Of ReplicaSets there are ten old ones for each Deployment.
func TestReplicaSetsArePacked(t *testing.T) {
	whole := &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "demo-1", ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "kubectl"}}},
		Spec:       appsv1.ReplicaSetSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "demo:v1"}}}}},
	}
	kept, err := transformOf[*appsv1.ReplicaSet](t)(whole)
	require.NoError(t, err)
	assert.Empty(t, kept.(*appsv1.ReplicaSet).ManagedFields)
	template, err := packed.Template(kept.(*appsv1.ReplicaSet))
	require.NoError(t, err)
	assert.NotSame(t, &kept.(*appsv1.ReplicaSet).Spec.Template, template)
	assert.Equal(t, "demo:v1", template.Spec.Containers[0].Image)
}

// The templates of DaemonSets are kept, and no others.
func TestRevisionsAreTrimmed(t *testing.T) {
	for kind, want := range map[string]string{"DaemonSet": "{}", "StatefulSet": "", "": ""} {
		revision := &appsv1.ControllerRevision{Data: runtime.RawExtension{Raw: []byte("{}")}, Revision: 3}
		if kind != "" {
			revision.OwnerReferences = []metav1.OwnerReference{{Kind: kind, Controller: ptr.To(true)}}
		}
		kept, err := transformOf[*appsv1.ControllerRevision](t)(revision)
		require.NoError(t, err)
		assert.Equal(t, want, string(kept.(*appsv1.ControllerRevision).Data.Raw), kind)
	}
}
