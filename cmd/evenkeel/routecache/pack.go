// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package routecache

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// field holds what is packed of a route. It is in caches alone: no API has it.
const field = "evenkeel.dev/packed"

// stays are the fields of a route that are asked for without reading it.
var stays = map[string]bool{"apiVersion": true, "kind": true, "metadata": true, field: true}

// Pack packs a route in place. One that is packed already stays as it is, and so
// does one that cannot be packed.
func Pack(route *unstructured.Unstructured) *unstructured.Unstructured {
	rest, kept := map[string]any{}, map[string]any{}
	for name, value := range route.Object {
		if stays[name] {
			kept[name] = value
		} else {
			rest[name] = value
		}
	}
	text, err := json.Marshal(rest)
	if err != nil || len(rest) == 0 { // an error cannot happen: it came as JSON
		return route
	}
	kept[field] = string(text)
	route.Object = kept
	return route
}

// Tree gives a route of a cache as it is; nil for one that cannot be unpacked, and of
// what is no tree.
func Tree(object client.Object) map[string]any {
	tree, ours := object.(*unstructured.Unstructured)
	if !ours {
		return nil
	}
	whole, err := unpack(tree.Object)
	if err != nil {
		return nil
	}
	return whole
}

// unpack gives the tree of a packed route; of any other object, the object's own.
// What the two have in common is shared.
func unpack(object map[string]any) (map[string]any, error) {
	text, ours := object[field].(string)
	if !ours {
		return object, nil
	}
	var whole map[string]any
	if err := json.Unmarshal([]byte(text), &whole); err != nil {
		return nil, fmt.Errorf("cannot unpack a route of the cache: %w", err)
	}
	for name, value := range object {
		if name != field {
			whole[name] = value
		}
	}
	return whole, nil
}
