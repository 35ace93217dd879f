// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package routecache

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
)

// text is a route as the API server sends it.
func text(i int) []byte {
	return fmt.Appendf(nil, `{"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute",
"metadata":{"name":"app-%05d","namespace":"shop","uid":"5b0c0c6e-7a0f-4a5a-9d3a-%012d","resourceVersion":"%d","generation":1,"labels":{"app":"app-%05d"},"annotations":{"evenkeel.dev/split":"x"}},
"spec":{"parentRefs":[{"group":"gateway.networking.k8s.io","kind":"Gateway","name":"public"}],"hostnames":["app-%05d.example"],
"rules":[{"backendRefs":[{"group":"","kind":"Service","name":"app-%05d","port":80,"weight":1}],"matches":[{"path":{"type":"PathPrefix","value":"/"}}],"share":0.5,"none":null}]},
"status":{"parents":[{"conditions":[{"type":"Accepted","status":"True","observedGeneration":1}]}]},"unknown":["kept"]}`, i, i, i, i, i, i)
}

func tree(t testing.TB, i int) *unstructured.Unstructured {
	route := &unstructured.Unstructured{}
	require.NoError(t, json.Unmarshal(text(i), &route.Object))
	return route
}

// What is packed is the same again, to the type of each number, and its metadata
// can be asked for meanwhile.
func TestWhatIsPackedIsTheSameAgain(t *testing.T) {
	packed := Pack(tree(t, 1))
	assert.Equal(t, "app-00001", packed.GetName())
	assert.Equal(t, "x", packed.GetAnnotations()["evenkeel.dev/split"])
	assert.NotContains(t, packed.Object, "spec")
	assert.NotContains(t, packed.Object, "status")
	twice := Pack(packed.DeepCopy())
	assert.Equal(t, packed, twice, "a cache may ask twice")
	before := packed.DeepCopy()
	whole, err := unpack(packed.Object)
	require.NoError(t, err)
	assert.Equal(t, tree(t, 1).Object, whole)
	assert.Equal(t, before, packed, "the cache's own is not touched")
}

func TestWhatIsNotPackedPasses(t *testing.T) {
	bare := &unstructured.Unstructured{Object: map[string]any{"kind": "HTTPRoute", "metadata": map[string]any{"name": "demo"}}}
	assert.Equal(t, bare.DeepCopy(), Pack(bare))
	for _, object := range []map[string]any{nil, {"spec": map[string]any{}}, tree(t, 1).Object} {
		whole, err := unpack(object)
		require.NoError(t, err)
		assert.Equal(t, object, whole)
	}
	_, err := unpack(map[string]any{field: "{"})
	require.ErrorContains(t, err, "cannot unpack a route of the cache: ")
}

// cached gives packed routes, as a cache does, without a copy of its own.
type cached struct {
	client.Client
	routes []*unstructured.Unstructured
}

func (c cached) Get(_ context.Context, _ client.ObjectKey, object client.Object, _ ...client.GetOption) error {
	object.(*unstructured.Unstructured).Object = c.routes[0].Object
	return nil
}

func (c cached) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	for _, route := range c.routes {
		list.(*unstructured.UnstructuredList).Items = append(list.(*unstructured.UnstructuredList).Items, *route)
	}
	return nil
}

func TestTheClientReadsTrees(t *testing.T) {
	cache := cached{fake.NewClientBuilder().Build(), []*unstructured.Unstructured{Pack(tree(t, 1)), Pack(tree(t, 2))}}
	c := Client{cache}
	var one unstructured.Unstructured
	require.NoError(t, c.Get(t.Context(), client.ObjectKey{}, &one))
	assert.Equal(t, tree(t, 1).Object, one.Object)
	var all unstructured.UnstructuredList
	require.NoError(t, c.List(t.Context(), &all))
	require.Len(t, all.Items, 2)
	assert.Equal(t, tree(t, 2).Object, all.Items[1].Object)
	assert.Contains(t, cache.routes[1].Object, field, "the cache's own is not touched")

	cache.routes[0].Object[field] = "{"
	require.Error(t, c.Get(t.Context(), client.ObjectKey{}, &one))
	require.Error(t, c.List(t.Context(), &unstructured.UnstructuredList{}))
}

// BenchmarkRoute says what a route at rest takes of a cache, and how long it takes
// to read it.
func BenchmarkRoute(b *testing.B) {
	for name, pack := range map[string]func(*unstructured.Unstructured) *unstructured.Unstructured{
		"tree": func(route *unstructured.Unstructured) *unstructured.Unstructured { return route }, "packed": Pack,
	} {
		b.Run(name, func(b *testing.B) {
			cache := make([]*unstructured.Unstructured, 1000)
			before := heap()
			for i := range cache {
				cache[i] = pack(tree(b, i))
			}
			each := float64(heap()-before) / float64(len(cache))
			for i := 0; b.Loop(); i++ {
				if _, err := unpack(cache[i%len(cache)].Object); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(each, "bytes/object")
			runtime.KeepAlive(cache)
		})
	}
}

// heap is what is in use.
func heap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
