// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// narrow is what a target asks the users' Services to carry.
func (w *world) narrow(target rollout.Target) route.Narrow {
	if target.Select == "" {
		return route.Narrow{}
	}
	return route.Narrow{Deployment: w.deployment.Name, Hash: target.Select}
}

// shared tells a Service that leads to pods of another workload, too, and was never
// narrowed: whoever narrows it takes it away from those.
func shared(service *corev1.Service, seen rollout.Service) bool {
	return seen.Other > 0 && service.Annotations[route.SplitAnnotation] == "" && service.Spec.Selector[appsv1.DefaultDeploymentUniqueLabelKey] == ""
}

// narrowed tells whether a Service carries, and shows, what it is asked to.
func narrowed(service *corev1.Service, want route.Narrow) bool {
	carried, err := route.ParseNarrow(service.Annotations[route.SplitAnnotation])
	return err == nil && carried == want && maps.Equal(service.Spec.Selector, want.Selector(service.Spec.Selector))
}

// another names the workload whose rollout has a Service, where that is not the one
// that asks.
func another(service *corev1.Service, own route.Narrow) string {
	carried, err := route.ParseNarrow(service.Annotations[route.SplitAnnotation])
	if err != nil || carried.Owner() == own.Owner() {
		return ""
	}
	return carried.Owner()
}
