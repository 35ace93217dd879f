// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// neighbours is a cache of what is around Deployments. It is one of its own, so
// that nothing waits for it: a kind that cannot be watched, for want of a right
// or of an API server, costs the checks that need it and nothing else.
type neighbours struct {
	client.Reader
	informers map[policy.Kind]cache.Informer
}

// watchNeighbours makes the cache and starts it with the manager.
func watchNeighbours(ctx context.Context, mgr ctrl.Manager) (*neighbours, error) {
	around, err := cache.New(mgr.GetConfig(), cache.Options{
		Scheme: mgr.GetScheme(), Mapper: mgr.GetRESTMapper(), HTTPClient: mgr.GetHTTPClient(), DefaultTransform: cache.TransformStripManagedFields(),
	})
	if err != nil {
		return nil, fmt.Errorf("cannot cache neighbours: %w", err)
	}
	n := &neighbours{Reader: around, informers: map[policy.Kind]cache.Informer{}}
	for kind, object := range map[policy.Kind]client.Object{
		policy.Budgets: &policyv1.PodDisruptionBudget{},
		policy.Scalers: &autoscalingv2.HorizontalPodAutoscaler{},
		policy.Quotas:  &corev1.ResourceQuota{},
		policy.Claims:  &corev1.PersistentVolumeClaim{},

		policy.Gateways:       &gatewayv1.Gateway{},
		policy.GatewayClasses: &gatewayv1.GatewayClass{},
	} {
		n.informers[kind], err = around.GetInformer(ctx, object, cache.BlockUntilSynced(false))
		if err != nil && !meta.IsNoMatchError(err) { // a cluster without the Gateway API never knows them
			return nil, fmt.Errorf("cannot watch %T: %w", object, err)
		}
	}
	if err := mgr.Add(onEveryReplica(around.Start)); err != nil {
		return nil, fmt.Errorf("cannot cache neighbours: %w", err)
	}
	return n, nil
}

// filled tells whether a kind is known. Services are in the manager's own cache,
// without which no replica is ready.
func (n *neighbours) filled(kind policy.Kind) bool {
	informer, ours := n.informers[kind]
	return !ours || (informer != nil && informer.HasSynced())
}
