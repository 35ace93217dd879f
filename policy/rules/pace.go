// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/utils/ptr"
)

// injectPace fills in minReadySeconds and progressDeadlineSeconds, each by
// itself. The API wants the deadline to be the larger of the two, so a pair that
// would not be is left as the user has it.
func injectPace(r *review) {
	if !r.wants.strategy {
		return
	}
	minReady, deadline := r.Object.Spec.MinReadySeconds, ptr.Deref(r.Object.Spec.ProgressDeadlineSeconds, apiDefaultPeriod)
	oursMin, oursDeadline := r.minReadyIsOurs(), r.deadlineIsOurs()
	if oursMin {
		minReady = *r.Policy.Inject.MinReadySeconds
	}
	if oursDeadline {
		deadline = *r.Policy.Inject.ProgressDeadlineSeconds
	}
	if deadline <= minReady {
		return
	}
	if oursMin {
		r.fill(fieldMinReady)
		if r.Object.Spec.MinReadySeconds != minReady {
			r.Object.Spec.MinReadySeconds = minReady
			r.change("/spec/minReadySeconds", minReady, r.because(fmt.Sprintf("minReadySeconds %d", minReady)))
		}
	}
	if oursDeadline {
		r.fill(fieldDeadline)
		if ptr.Deref(r.Object.Spec.ProgressDeadlineSeconds, 0) != deadline {
			r.Object.Spec.ProgressDeadlineSeconds = &deadline
			r.change("/spec/progressDeadlineSeconds", deadline, r.because(fmt.Sprintf("progressDeadlineSeconds %d", deadline)))
		}
	}
}

func (r *review) minReadyIsOurs() bool {
	if r.Policy.Inject.MinReadySeconds == nil || userSet(r.New, fieldMinReady) {
		return false
	}
	now := r.New.Spec.MinReadySeconds
	return now == 0 || r.unchangedInjection(fieldMinReady, func(old *appsv1.Deployment) bool { return old.Spec.MinReadySeconds == now })
}

func (r *review) deadlineIsOurs() bool {
	if r.Policy.Inject.ProgressDeadlineSeconds == nil || userSet(r.New, fieldDeadline) {
		return false
	}
	now := ptr.Deref(r.New.Spec.ProgressDeadlineSeconds, apiDefaultPeriod)
	return now == apiDefaultPeriod || r.unchangedInjection(fieldDeadline, func(old *appsv1.Deployment) bool {
		return ptr.Deref(old.Spec.ProgressDeadlineSeconds, apiDefaultPeriod) == now
	})
}
