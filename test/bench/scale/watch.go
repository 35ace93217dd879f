// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
)

// watch follows the canaries and their routes, and what the managers write
// besides. The time of a sighting is that of its arrival here.
func (b *bench) watch(ctx context.Context) error {
	canaries := client.MatchingLabels{mark: "canary"}
	gateway := b.startGateway(ctx)
	for _, one := range []struct {
		list client.ObjectList
		see  func(runtime.Object, time.Time)
		of   []client.ListOption
	}{
		{&appsv1.DeploymentList{}, func(o runtime.Object, now time.Time) { b.seen.deployment(o.(*appsv1.Deployment), now) }, []client.ListOption{canaries}},
		{&gatewayv1.HTTPRouteList{}, func(o runtime.Object, now time.Time) {
			b.seen.route(o.(*gatewayv1.HTTPRoute), now)
			gateway(o.(*gatewayv1.HTTPRoute))
		}, []client.ListOption{canaries}},
		{&coordinationv1.LeaseList{}, func(runtime.Object, time.Time) { b.seen.wrote(&b.seen.leases) }, []client.ListOption{client.InNamespace(fixture.System)}},
		{&corev1.EventList{}, func(runtime.Object, time.Time) { b.seen.wrote(&b.seen.events) }, []client.ListOption{client.MatchingFields{"reportingComponent": "evenkeel"}}},
	} {
		if err := b.follow(ctx, one.list, one.see, one.of...); err != nil {
			return fmt.Errorf("cannot watch %T: %w", one.list, err)
		}
	}
	return nil
}

// follow shows what is there, and every change after it.
func (b *bench) follow(ctx context.Context, list client.ObjectList, see func(runtime.Object, time.Time), of ...client.ListOption) error {
	blank := list.DeepCopyObject().(client.ObjectList)
	if err := b.client.List(ctx, list, of...); err != nil {
		return err
	}
	source := &cache.ListWatch{WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
		return b.client.Watch(ctx, blank, append([]client.ListOption{&client.ListOptions{Raw: &o}}, of...)...)
	}}
	changes, err := watchtools.NewRetryWatcherWithContext(ctx, list.GetResourceVersion(), source)
	if err != nil {
		return err
	}
	if err := meta.EachListItem(list, func(o runtime.Object) error { see(o, time.Now()); return nil }); err != nil {
		return err
	}
	go func() {
		for change := range changes.ResultChan() {
			if change.Type == watch.Added || change.Type == watch.Modified {
				see(change.Object, time.Now())
			}
		}
	}()
	return nil
}
