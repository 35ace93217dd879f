// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"context"
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
	routekinds "github.com/evenkeel-dev/evenkeel/traffic/route/kinds"
)

// The indexes by name.
const (
	owner  = "evenkeel.owner"  // of ReplicaSets, Pods and routes: the UID of whoever controls them
	leads  = "evenkeel.leads"  // of routes: the Services that they may lead to
	behind = "evenkeel.behind" // of EndpointSlices: the Service whose pods they have
)

// hint is an index and what to look up in it. To a client that does not know it, it
// says nothing.
type hint struct{ index, value string }

// ApplyToList makes a hint an option of a list.
func (hint) ApplyToList(*client.ListOptions) {}

// OwnedBy asks for the ReplicaSets, the Pods, or the routes of a kind, that an object
// controls.
func OwnedBy(uid types.UID) client.ListOption { return hint{owner, string(uid)} }

// LeadingTo asks for the routes of a kind that may lead to a Service.
func LeadingTo(service string) client.ListOption { return hint{leads, service} }

// Behind asks for the EndpointSlices of a Service.
func Behind(service string) client.ListOption { return hint{behind, service} }

// controlledBy is the UID of whoever controls an object.
func controlledBy(object client.Object) []string {
	if controller := metav1.GetControllerOfNoCopy(object); controller != nil {
		return []string{string(controller.UID)}
	}
	return nil
}

// Add adds the indexes to a cache that has not started, of what admission reads on
// every manager: an index starts the cache of its kind. kinds are the kinds of routes
// that the cluster has, and tree gives one of them as it is, however the cache keeps it.
func Add(ctx context.Context, to client.FieldIndexer, kinds []route.Kind, tree func(client.Object) route.Object) error {
	if err := to.IndexField(ctx, &appsv1.ReplicaSet{}, owner, controlledBy); err != nil {
		return fmt.Errorf("cannot index ReplicaSets: %w", err)
	}
	for _, kind := range kinds {
		blank := routekinds.Blank(kind)
		services := func(object client.Object) []string { return routekinds.Services(kind, tree(object)) }
		if err := errors.Join(to.IndexField(ctx, blank, leads, services), to.IndexField(ctx, blank, owner, controlledBy)); err != nil {
			return fmt.Errorf("cannot index %ss: %w", kind.Name(), err)
		}
	}
	return nil
}
