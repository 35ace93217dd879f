// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/utils/ptr"
)

// injectHistory fills in revisionHistoryLimit, how many old ReplicaSets are kept
// to go back to.
func injectHistory(r *review) {
	want := r.Policy.Inject.RevisionHistoryLimit
	if want == nil || !r.wants.strategy || r.keptBy(fieldHistory) {
		return
	}
	now := ptr.Deref(r.New.Spec.RevisionHistoryLimit, apiDefaultHistory)
	if now != apiDefaultHistory && !r.followsOr(fieldHistory, now == *want, func(old *appsv1.Deployment) bool {
		return ptr.Deref(old.Spec.RevisionHistoryLimit, apiDefaultHistory) == now
	}) {
		return
	}
	r.fillSeconds(fieldHistory, now, *want)
	r.Object.Spec.RevisionHistoryLimit = ptr.To(*want)
}

// injectPace fills in minReadySeconds and progressDeadlineSeconds, each by
// itself. The API wants the deadline to be the larger of the two: where what the
// user set leaves no room for the policy's value, the API's default takes its place.
func injectPace(r *review) {
	if !r.wants.strategy {
		return
	}
	minReady, deadline := r.New.Spec.MinReadySeconds, ptr.Deref(r.New.Spec.ProgressDeadlineSeconds, apiDefaultPeriod)
	oursMin, oursDeadline := r.minReadyIsOurs(minReady), r.deadlineIsOurs(deadline)
	if oursMin {
		minReady = *r.Policy.Inject.MinReadySeconds
	}
	if oursDeadline {
		deadline = *r.Policy.Inject.ProgressDeadlineSeconds
	}
	switch {
	case deadline > minReady:
	case oursMin:
		minReady = 0
	case oursDeadline:
		deadline = apiDefaultPeriod
	}
	if oursMin {
		r.fillSeconds(fieldMinReady, r.New.Spec.MinReadySeconds, minReady)
		r.Object.Spec.MinReadySeconds = minReady
	}
	if oursDeadline {
		r.fillSeconds(fieldDeadline, ptr.Deref(r.New.Spec.ProgressDeadlineSeconds, apiDefaultPeriod), deadline)
		r.Object.Spec.ProgressDeadlineSeconds = &deadline
	}
}

func (r *review) fillSeconds(field string, from, to int32) {
	r.fill(field)
	if from == to {
		return
	}
	what := fmt.Sprintf("%s %d", field, to)
	r.filled = append(r.filled, what)
	r.change("/spec/"+field, to, r.because(what))
}

func (r *review) minReadyIsOurs(now int32) bool {
	want := r.Policy.Inject.MinReadySeconds
	if want == nil || r.keptBy(fieldMinReady) {
		return false
	}
	return now == 0 || r.followsOr(fieldMinReady, now == *want, func(old *appsv1.Deployment) bool { return old.Spec.MinReadySeconds == now })
}

func (r *review) deadlineIsOurs(now int32) bool {
	want := r.Policy.Inject.ProgressDeadlineSeconds
	if want == nil || r.keptBy(fieldDeadline) {
		return false
	}
	return now == apiDefaultPeriod || r.followsOr(fieldDeadline, now == *want, func(old *appsv1.Deployment) bool {
		return ptr.Deref(old.Spec.ProgressDeadlineSeconds, apiDefaultPeriod) == now
	})
}
