// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"context"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Client follows the hints by a cache's indexes: those that Add has added, and late
// ones.
type Client struct {
	client.Client
	cache        client.FieldIndexer
	pods, slices *late
}

// NewClient makes a client that reads from a cache.
func NewClient(inner client.Client, cache client.FieldIndexer) *Client {
	return &Client{
		Client: inner, cache: cache,
		pods:   &late{kind: &corev1.Pod{}, index: owner, extract: controlledBy},
		slices: &late{kind: &discoveryv1.EndpointSlice{}, index: behind, extract: serviceOf},
	}
}

// List lists what the hints ask for.
func (c *Client) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	narrowed := make([]client.ListOption, len(options))
	for i, option := range options {
		narrowed[i] = option
		asked, ours := option.(hint)
		if !ours {
			continue
		}
		if err := c.ready(ctx, list); err != nil {
			return err
		}
		narrowed[i] = client.MatchingFields{asked.index: asked.value}
	}
	return c.Client.List(ctx, list, narrowed...)
}

// ready sees to it that the cache has the index of a list.
func (c *Client) ready(ctx context.Context, list client.ObjectList) error {
	switch list.(type) {
	case *corev1.PodList:
		return c.pods.add(ctx, c.cache)
	case *discoveryv1.EndpointSliceList:
		return c.slices.add(ctx, c.cache)
	default:
		return nil
	}
}

// late is an index of a kind that the leader alone reads. It is added at the first
// list that asks for it, as an index starts the cache of its kind.
type late struct {
	kind    client.Object
	index   string
	extract client.IndexerFunc

	mu    sync.Mutex
	added bool
}

func (l *late) add(ctx context.Context, to client.FieldIndexer) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.added {
		return nil
	}
	if err := to.IndexField(ctx, l.kind, l.index, l.extract); err != nil {
		return fmt.Errorf("cannot add index %q of %T: %w", l.index, l.kind, err)
	}
	l.added = true
	return nil
}

// serviceOf is the Service whose pods a slice has.
func serviceOf(slice client.Object) []string {
	if service, labelled := slice.GetLabels()[discoveryv1.LabelServiceName]; labelled {
		return []string{service}
	}
	return nil
}
