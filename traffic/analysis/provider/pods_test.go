// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/evenkeel-dev/evenkeel/traffic/analysis"
)

// The pods of a StatefulSet are those of its ControllerRevision.
func TestPodsOfAStatefulSet(t *testing.T) {
	pod := func(name, hash, owner string) *corev1.Pod {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, Labels: map[string]string{"controller-revision-hash": hash}}}
		p.OwnerReferences = []metav1.OwnerReference{{Kind: "StatefulSet", Name: owner}}
		return p
	}
	c := fake.NewClientBuilder().WithObjects(pod("demo-0", "1", "demo"), pod("demo-1", "1", "demo"), pod("demo-2", "2", "demo"), pod("else-0", "2", "else")).Build()
	q := about(analysis.Spec{Pods: &analysis.Pods{}})
	q.Kind = analysis.StatefulSet
	got, err := (&pods{cluster: cluster{live: c}}).Measure(t.Context(), q)
	require.NoError(t, err)
	assert.Equal(t, 1, got.Pods[analysis.Canary].Pods)
	assert.Equal(t, 2, got.Pods[analysis.Stable].Pods)
}

// A drop between two looks is told once, by each analysis that looks; the looks at
// what nobody asks about any more are forgotten.
func TestADropBetweenTwoLooks(t *testing.T) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "demo-2-a", UID: "a", Labels: map[string]string{"pod-template-hash": "2"}}}
	pod.OwnerReferences = []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "demo-2"}}
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(time.Unix(10, 0))}}
	c := fake.NewClientBuilder().WithObjects(pod).Build()
	p := &pods{cluster: cluster{live: c}}
	drops := func(analysisName string, at time.Time) int {
		q := about(analysis.Spec{Name: analysisName, Pods: &analysis.Pods{}})
		q.At = at
		got, err := p.Measure(t.Context(), q)
		require.NoError(t, err)
		return got.Pods[analysis.Canary].NotReady
	}
	assert.Zero(t, drops("one", time.Unix(60, 0)))
	assert.Zero(t, drops("two", time.Unix(60, 0)))

	var now corev1.Pod
	require.NoError(t, c.Get(t.Context(), client.ObjectKeyFromObject(pod), &now))
	now.Status.Conditions[0].LastTransitionTime = metav1.NewTime(time.Unix(70, 0))
	require.NoError(t, c.Status().Update(t.Context(), &now))
	assert.Equal(t, 1, drops("one", time.Unix(90, 0)))
	assert.Zero(t, drops("one", time.Unix(120, 0)), "it is told once")
	assert.Equal(t, 1, drops("two", time.Unix(120, 0)))
	require.Len(t, p.looks.last, 2)
	drops("three", time.Unix(120, 0).Add(forgotten+time.Minute))
	assert.Len(t, p.looks.last, 1)
}
