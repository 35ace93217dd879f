// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// parent is the Gateway that the routes name. No controller knows it but this one.
const parent = "scale"

// startGateway gives what to call with each route that is seen: its generation is
// accepted at once. A route that changes meanwhile is accepted at its last.
func (b *bench) startGateway(ctx context.Context) func(*gatewayv1.HTTPRoute) {
	var mu sync.Mutex
	latest := map[types.NamespacedName]*gatewayv1.HTTPRoute{}
	work := make(chan types.NamespacedName, 4*b.canaries+writers)
	for range writers {
		go func() {
			for key := range work {
				mu.Lock()
				route := latest[key]
				delete(latest, key)
				mu.Unlock()
				if route != nil && b.accept(ctx, route) != nil && ctx.Err() == nil {
					b.say("cannot accept route %s; it is tried again when it changes", key)
				}
			}
		}()
	}
	return func(route *gatewayv1.HTTPRoute) {
		if isAccepted(route) {
			return
		}
		key := client.ObjectKeyFromObject(route)
		mu.Lock()
		_, waits := latest[key]
		latest[key] = route
		mu.Unlock()
		if !waits {
			work <- key
		}
	}
}

func isAccepted(route *gatewayv1.HTTPRoute) bool {
	return len(route.Status.Parents) > 0 && route.Status.Parents[0].Conditions[0].ObservedGeneration >= route.Generation
}

// accept writes the status that a gateway's controller writes.
func (b *bench) accept(ctx context.Context, route *gatewayv1.HTTPRoute) error {
	status := gatewayv1.RouteParentStatus{
		ParentRef: gatewayv1.ParentReference{Name: parent}, ControllerName: "bench.evenkeel.dev/scale",
	}
	for _, kind := range []string{"Accepted", "ResolvedRefs"} {
		meta.SetStatusCondition(&status.Conditions, metav1.Condition{Type: kind, Status: metav1.ConditionTrue, Reason: kind, ObservedGeneration: route.Generation})
	}
	patched := route.DeepCopy()
	patched.Status.Parents = []gatewayv1.RouteParentStatus{status}
	return b.client.Status().Patch(ctx, patched, client.MergeFrom(route))
}
