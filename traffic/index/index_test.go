// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// indexer adds indexes to a fake client.
type indexer struct{ *fake.ClientBuilder }

func (i indexer) IndexField(_ context.Context, object client.Object, field string, extract client.IndexerFunc) error {
	i.WithIndex(object, field, extract)
	return nil
}

func controlled(uid types.UID) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: "shop", OwnerReferences: []metav1.OwnerReference{{Kind: "Deployment", Name: "x", UID: uid, Controller: ptr.To(true)}}}
}

func replicaSet(name string, uid types.UID) *appsv1.ReplicaSet {
	rs := &appsv1.ReplicaSet{ObjectMeta: controlled(uid)}
	rs.Name = name
	return rs
}

func leading(name string, services ...string) *unstructured.Unstructured {
	backends := make([]any, len(services))
	for i, service := range services {
		backends[i] = map[string]any{"name": service}
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": route.HTTPRoute.APIVersion(), "kind": route.HTTPRoute.Name(), "metadata": map[string]any{"namespace": "shop", "name": name},
		"spec": map[string]any{"rules": []any{map[string]any{"backendRefs": backends}}},
	}}
}

// world has ReplicaSets of two owners and of none, and routes, one of them beside another.
func world(t *testing.T) (indexed, plain client.Client) {
	t.Helper()
	beside := leading("cart-route-cart-canary", "sibling")
	beside.SetOwnerReferences(controlled("uid-of-cart").OwnerReferences)
	builder := fake.NewClientBuilder().WithObjects(
		replicaSet("a-1", "a"), replicaSet("a-2", "a"), replicaSet("b-1", "b"), &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "nobodys"}},
		leading("cart-route", "cart", "cart-canary"), beside, leading("pay-route", "pay"),
	)
	require.NoError(t, Add(t.Context(), indexer{builder}, []route.Kind{route.HTTPRoute}, func(o client.Object) route.Object {
		return o.(*unstructured.Unstructured).Object
	}))
	plain = builder.Build()
	return NewClient(plain, indexer{builder}), plain
}

func TestOwnedBy(t *testing.T) {
	indexed, plain := world(t)
	names := func(c client.Client) (out []string) {
		var list appsv1.ReplicaSetList
		require.NoError(t, c.List(t.Context(), &list, client.InNamespace("shop"), OwnedBy("a")))
		for i := range list.Items {
			out = append(out, list.Items[i].Name)
		}
		return out
	}
	assert.Equal(t, []string{"a-1", "a-2"}, names(indexed))
	assert.Equal(t, []string{"a-1", "a-2", "b-1", "nobodys"}, names(plain), "whoever has no index gives all")
}

func TestLeadingTo(t *testing.T) {
	indexed, _ := world(t)
	for service, want := range map[string][]string{"cart": {"cart-route"}, "cart-canary": {"cart-route"}, "pay": {"pay-route"}, "other": nil} {
		list := &unstructured.UnstructuredList{}
		list.SetAPIVersion(route.HTTPRoute.APIVersion())
		list.SetKind(route.HTTPRoute.Name() + "List")
		require.NoError(t, indexed.List(t.Context(), list, client.InNamespace("shop"), LeadingTo(service)))
		var names []string
		for i := range list.Items {
			names = append(names, list.Items[i].GetName())
		}
		assert.Equal(t, want, names, service)
	}
}

func TestRoutesOwnedBy(t *testing.T) {
	indexed, _ := world(t)
	list := &unstructured.UnstructuredList{}
	list.SetAPIVersion(route.HTTPRoute.APIVersion())
	list.SetKind(route.HTTPRoute.Name() + "List")
	require.NoError(t, indexed.List(t.Context(), list, client.InNamespace("shop"), OwnedBy("uid-of-cart")))
	require.Len(t, list.Items, 1)
	assert.Equal(t, "cart-route-cart-canary", list.Items[0].GetName())
}
