// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package defaults

import (
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// The numbers of a Deployment that nobody wrote.
const (
	share            = "25%"
	revisions        = 10
	progressDeadline = 600
)

// Deployment fills in all that the API server does, down to the pod template.
func Deployment(d *appsv1.Deployment) {
	set(&d.Spec.Replicas, ptr.To[int32](1))
	set(&d.Spec.RevisionHistoryLimit, ptr.To[int32](revisions))
	set(&d.Spec.ProgressDeadlineSeconds, ptr.To[int32](progressDeadline))
	strategy(&d.Spec.Strategy)
	podSpec(&d.Spec.Template.Spec)
}

func strategy(s *appsv1.DeploymentStrategy) {
	set(&s.Type, appsv1.RollingUpdateDeploymentStrategyType)
	if s.Type != appsv1.RollingUpdateDeploymentStrategyType {
		return
	}
	set(&s.RollingUpdate, &appsv1.RollingUpdateDeployment{})
	set(&s.RollingUpdate.MaxSurge, ptr.To(intstr.FromString(share)))
	set(&s.RollingUpdate.MaxUnavailable, ptr.To(intstr.FromString(share)))
}

// set fills a field that is still empty.
func set[T comparable](field *T, value T) {
	var empty T
	if *field == empty {
		*field = value
	}
}
