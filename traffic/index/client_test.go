// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
)

// adding notes which indexes are added, and refuses the first so many.
type adding struct {
	refuse int
	added  []string
}

func (a *adding) IndexField(_ context.Context, object client.Object, field string, _ client.IndexerFunc) error {
	if a.refuse--; a.refuse >= 0 {
		return errors.New("no cache")
	}
	a.added = append(a.added, fmt.Sprintf("%T by %s", object, field))
	return nil
}

// leaders is a cluster of two Services' slices and pods, one of them of no Service.
func leaders(to client.FieldIndexer) *Client {
	slice := func(name, service string) *discoveryv1.EndpointSlice {
		return &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, Labels: map[string]string{discoveryv1.LabelServiceName: service}}}
	}
	pod := &corev1.Pod{ObjectMeta: controlled("demo-1")}
	pod.Name = "demo-1-a"
	inner := fake.NewClientBuilder().WithIndex(&corev1.Pod{}, owner, controlledBy).WithIndex(&discoveryv1.EndpointSlice{}, behind, serviceOf).WithObjects(
		pod, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "nobodys"}}, slice("demo-x", "demo"), slice("demo-canary-x", "demo-canary"),
		&discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "by-hand"}},
	).Build()
	return NewClient(inner, to)
}

// What only the leader reads is indexed by the first who asks for it.
func TestLateIndexes(t *testing.T) {
	to := &adding{}
	c := leaders(to)
	var pods corev1.PodList
	require.NoError(t, c.List(t.Context(), &pods, client.InNamespace("shop")))
	assert.Len(t, pods.Items, 2)
	assert.Empty(t, to.added, "nobody asked for it")

	for range 2 {
		require.NoError(t, c.List(t.Context(), &pods, client.InNamespace("shop"), OwnedBy("demo-1")))
		require.Len(t, pods.Items, 1)
		assert.Equal(t, "demo-1-a", pods.Items[0].Name)
	}
	assert.Equal(t, []string{"*v1.Pod by evenkeel.owner"}, to.added, "once")

	var slices discoveryv1.EndpointSliceList
	require.NoError(t, c.List(t.Context(), &slices, client.InNamespace("shop"), Behind("demo"), client.MatchingLabels{discoveryv1.LabelServiceName: "demo"}))
	require.Len(t, slices.Items, 1)
	assert.Equal(t, "demo-x", slices.Items[0].Name)
	assert.Equal(t, []string{"*v1.Pod by evenkeel.owner", "*v1.EndpointSlice by evenkeel.behind"}, to.added)
}

// An index that cannot be added is an error, never a list of nothing, and the next
// who asks tries again.
func TestALateIndexThatCannotBeAdded(t *testing.T) {
	c := leaders(&adding{refuse: 1})
	var pods corev1.PodList
	require.EqualError(t, c.List(t.Context(), &pods, OwnedBy("demo-1")), `cannot add index "evenkeel.owner" of *v1.Pod: no cache`)
	require.NoError(t, c.List(t.Context(), &pods, OwnedBy("demo-1")))
	assert.Len(t, pods.Items, 1)
}
