// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package routecache

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// NewClient makes a manager's client, for which packed routes are trees.
func NewClient(config *rest.Config, options client.Options) (client.Client, error) {
	inner, err := client.New(config, options)
	if err != nil {
		return nil, err
	}
	return Client{inner}, nil
}

// Client reads routes that a cache has packed.
type Client struct{ client.Client }

// Get reads one object.
func (c Client) Get(ctx context.Context, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
	if err := c.Client.Get(ctx, key, object, options...); err != nil {
		return err
	}
	if tree, ours := object.(*unstructured.Unstructured); ours {
		return open(tree)
	}
	return nil
}

// List reads many. What it gives may share with the cache what is not packed.
func (c Client) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	if err := c.Client.List(ctx, list, options...); err != nil {
		return err
	}
	trees, ours := list.(*unstructured.UnstructuredList)
	if !ours {
		return nil
	}
	for i := range trees.Items {
		if err := open(&trees.Items[i]); err != nil {
			return err
		}
	}
	return nil
}

// open unpacks an object that is the reader's own.
func open(tree *unstructured.Unstructured) error {
	whole, err := unpack(tree.Object)
	if err != nil {
		return err
	}
	tree.Object = whole
	return nil
}
