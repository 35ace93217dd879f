// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package flight

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/evenkeel-dev/evenkeel/traffic/diagnosis"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// lacksPods tells whether the new version has fewer ready pods than it is to have:
// then a person wants to know why. On the way back its pods are going.
func (f Flight) lacksPods() bool {
	return f.InFlight() && f.Phase != rollout.RollingBack && f.Canary.Version != "" && f.Canary.Ready < f.Canary.Asked
}

// withPods says what is wrong with the new version's pods, of a Deployment; pods are
// its own, or more.
func (f Flight) withPods(pods []*corev1.Pod) Flight {
	if f.lacksPods() {
		f.Unwell = diagnosis.Of(pods, "ReplicaSet", f.Canary.Version)
	}
	return f
}

// lookAtPods reads the pods where some are lacked. Whoever may not read pods is told
// the rest.
func (f Flight) lookAtPods(ctx context.Context, c kubernetes.Interface, of *metav1.LabelSelector) Flight {
	if !f.lacksPods() {
		return f
	}
	pods, err := podsOf(ctx, c, f.Namespace, of)
	if err != nil {
		return f
	}
	return f.withPods(pods)
}
