// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// World is a set of objects that can be read like a cluster. Reading it gives
// the objects themselves: nobody may change them.
type World struct {
	// objects are kept by kind and namespace, in the order in which they came.
	objects map[string]map[string][]client.Object
	// lists are the answers that were given already.
	mu    sync.Mutex
	lists map[listKey]reflect.Value
}

// listKey is what a list is asked by.
type listKey struct{ kind, namespace string }

var _ client.Reader = (*World)(nil)

// NewWorld makes a world of typed objects.
func NewWorld(objects ...client.Object) *World {
	w := &World{objects: map[string]map[string][]client.Object{}, lists: map[listKey]reflect.Value{}}
	for _, object := range objects {
		w.Add(object)
	}
	return w
}

// Add puts one more typed object into the world, before anybody reads it.
func (w *World) Add(object client.Object) {
	kind := reflect.TypeOf(object).Elem().Name()
	if w.objects[kind] == nil {
		w.objects[kind] = map[string][]client.Object{}
	}
	w.objects[kind][object.GetNamespace()] = append(w.objects[kind][object.GetNamespace()], object)
	clear(w.lists)
}

// Get reads one object by its name.
func (w *World) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	kind := reflect.TypeOf(into).Elem().Name()
	raw, untyped := into.(*unstructured.Unstructured)
	if untyped {
		kind = raw.GetKind()
	}
	for _, object := range w.objects[kind][key.Namespace] {
		if object.GetName() != key.Name {
			continue
		}
		if !untyped {
			reflect.ValueOf(into).Elem().Set(reflect.ValueOf(object).Elem())
			return nil
		}
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
		if err != nil {
			return fmt.Errorf("cannot read %s %q: %w", kind, key, err)
		}
		raw.Object = content
		return nil
	}
	return apierrors.NewNotFound(schema.GroupResource{Resource: strings.ToLower(kind)}, key.Name)
}

// List reads the objects of a kind, of one namespace or of all. It selects by
// nothing else.
func (w *World) List(_ context.Context, list client.ObjectList, options ...client.ListOption) error {
	var selected client.ListOptions
	selected.ApplyOptions(options)
	if selected.LabelSelector != nil || selected.FieldSelector != nil {
		return fmt.Errorf("cannot list %T: a world selects by namespace alone", list)
	}
	if trees, untyped := list.(*unstructured.UnstructuredList); untyped {
		return w.trees(trees, selected.Namespace)
	}
	items := reflect.ValueOf(list).Elem().FieldByName("Items")
	items.Set(w.items(items.Type(), selected.Namespace))
	return nil
}

// trees lists the objects of a kind as trees.
func (w *World) trees(list *unstructured.UnstructuredList, namespace string) error {
	kind := strings.TrimSuffix(list.GetKind(), "List")
	for _, in := range slices.Sorted(maps.Keys(w.objects[kind])) {
		if namespace != "" && in != namespace {
			continue
		}
		for _, object := range w.objects[kind][in] {
			content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
			if err != nil {
				return fmt.Errorf("cannot read %s %q: %w", kind, object.GetName(), err)
			}
			list.Items = append(list.Items, unstructured.Unstructured{Object: content})
		}
	}
	return nil
}

// items are the objects of a kind as a slice of its type.
func (w *World) items(as reflect.Type, namespace string) reflect.Value {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := listKey{as.Elem().Name(), namespace}
	if known, there := w.lists[key]; there {
		return known
	}
	out := reflect.MakeSlice(as, 0, 0)
	for _, in := range slices.Sorted(maps.Keys(w.objects[key.kind])) {
		if namespace != "" && in != namespace {
			continue
		}
		for _, object := range w.objects[key.kind][in] {
			out = reflect.Append(out, reflect.ValueOf(object).Elem())
		}
	}
	out = out.Slice3(0, out.Len(), out.Len()) // whoever appends gets a copy
	w.lists[key] = out
	return out
}
