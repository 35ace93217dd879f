// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package behind

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/storage/names"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
)

// Pods are counted by their ReplicaSets however long the names of those are: of a
// long one the API server cuts what tells the versions of a Deployment apart.
func TestPodsOfLongNames(t *testing.T) {
	for name, row := range map[string]struct {
		deployment string
		stands     int // how many of the pods the cache shows
		want       int32
	}{
		"short":                     {"demo", 2, 2},
		"cut within the hash":       {strings.Repeat("d", 50), 2, 2},
		"cut before the hash":       {strings.Repeat("d", 60), 2, 2},
		"not in the cache yet":      {strings.Repeat("d", 60), 0, 2},
		"just as long as it can be": {strings.Repeat("d", 46), 2, 2},
	} {
		t.Run(name, func(t *testing.T) {
			var pods []client.Object
			var of []string
			rs := row.deployment + "-7d4b9c5f6b"
			for range 2 {
				pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: names.SimpleNameGenerator.GenerateName(rs + "-")}}
				pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: rs, Controller: ptr.To(true)}}
				pods, of = append(pods, pod), append(of, pod.Name)
			}
			live := fake.NewClientBuilder().WithScheme(scheme.Scheme).WithObjects(pods...).Build()
			r := Reader{Cache: fake.NewClientBuilder().WithScheme(scheme.Scheme).WithObjects(append(pods[:row.stands:row.stands], sliced("demo-x", nil, of...))...).Build(), Live: live}
			behind, err := r.Of(t.Context(), demo, nil)
			require.NoError(t, err)
			counts, err := r.ByReplicaSet(t.Context(), "shop", behind.Ready)
			require.NoError(t, err)
			assert.Equal(t, map[string]int32{rs: row.want}, counts)
		})
	}
}

// A pod of nobody is nobody's, and one that is gone is none.
func TestPodsWithoutAReplicaSet(t *testing.T) {
	alone := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: strings.Repeat("p", 63)}}
	c := fake.NewClientBuilder().WithScheme(scheme.Scheme).WithObjects(alone).Build()
	r := Reader{Cache: c, Live: c}
	for _, name := range []string{alone.Name, "alone"} {
		rs, err := r.replicaSetOf(t.Context(), client.ObjectKey{Namespace: "shop", Name: name})
		require.NoError(t, err)
		assert.Equal(t, name, rs)
	}
	rs, err := r.replicaSetOf(t.Context(), client.ObjectKey{Namespace: "shop", Name: strings.Repeat("q", 63)})
	require.NoError(t, err)
	assert.Empty(t, rs)
}
