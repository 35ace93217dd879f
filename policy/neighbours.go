// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
)

// Kind is a kind of neighbours of a Deployment.
type Kind string

// The kinds of neighbours.
const (
	Services Kind = "Services"
	Budgets  Kind = "PodDisruptionBudgets"
	Scalers  Kind = "HorizontalPodAutoscalers"
	Quotas   Kind = "ResourceQuotas"
	Claims   Kind = "PersistentVolumeClaims"
	Routes   Kind = "routes"
	// Gateways and GatewayClasses say whether a route can mirror.
	Gateways       Kind = "Gateways"
	GatewayClasses Kind = "GatewayClasses"
)

// Kinds lists the kinds of neighbours.
func Kinds() []Kind {
	return []Kind{Services, Budgets, Scalers, Quotas, Claims, Routes, Gateways, GatewayClasses}
}

// Neighbours are the objects around a Deployment that matter to its rollout, all
// of its namespace, each list sorted by name.
type Neighbours struct {
	Services []corev1.Service                        // those that select the pods
	Budgets  []policyv1.PodDisruptionBudget          // those that select the pods
	Scalers  []autoscalingv2.HorizontalPodAutoscaler // those that scale the Deployment
	Quotas   []corev1.ResourceQuota                  // all
	Claims   []corev1.PersistentVolumeClaim          // those that the pods mount by name
	Routes   []Route                                 // those that lead to one of Services
	// Unknown holds the kinds that could not be looked at, and why. A check that
	// needs one of them gives no verdict; an empty reason keeps silent about it.
	Unknown map[Kind]string
}

// Route is something that leads traffic to a Service.
type Route struct {
	Kind, Name string
	Services   []string
	// Problem says why its traffic cannot be divided; empty when it can.
	Problem string
}
