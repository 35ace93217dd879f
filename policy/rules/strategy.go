// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// The names under which the record keeps the injected fields of the spec.
const (
	fieldStrategy    = "strategy"
	fieldMinReady    = "minReadySeconds"
	fieldDeadline    = "progressDeadlineSeconds"
	apiDefaultShare  = "25%"
	apiDefaultPeriod = 600
)

// injectStrategy fills in maxSurge and maxUnavailable, both or neither: half a
// pair of somebody else's can add up to no progress.
//
// Reads and writes spec.strategy.rollingUpdate; a Recreate strategy is the
// user's own word and is left alone.
func injectStrategy(r *review) {
	want := r.Policy.Inject.Strategy
	strategy := r.Object.Spec.Strategy
	if want == nil || !r.wants.strategy || strategy.Type == appsv1.RecreateDeploymentStrategyType {
		return
	}
	var surge, unavailable *intstr.IntOrString
	if strategy.RollingUpdate != nil {
		surge, unavailable = strategy.RollingUpdate.MaxSurge, strategy.RollingUpdate.MaxUnavailable
	}
	if r.strategyIsTheUsers(surge, unavailable) {
		return
	}
	r.fill(fieldStrategy)
	if same(surge, want.MaxSurge) && same(unavailable, want.MaxUnavailable) {
		return
	}
	wantSurge, wantUnavailable := want.MaxSurge, want.MaxUnavailable
	r.Object.Spec.Strategy.RollingUpdate = &appsv1.RollingUpdateDeployment{MaxSurge: &wantSurge, MaxUnavailable: &wantUnavailable}
	why := r.because(fmt.Sprintf("maxSurge %s, maxUnavailable %s", wantSurge.String(), wantUnavailable.String()))
	r.change("/spec/strategy/rollingUpdate/maxSurge", wantSurge, why)
	r.change("/spec/strategy/rollingUpdate/maxUnavailable", wantUnavailable, why)
	if r.Old == nil {
		r.warn("injected %s", why)
	}
}

func (r *review) strategyIsTheUsers(surge, unavailable *intstr.IntOrString) bool {
	if userSet(r.New, "strategy", "rollingUpdate", "maxSurge") || userSet(r.New, "strategy", "rollingUpdate", "maxUnavailable") {
		return true
	}
	share := intstr.FromString(apiDefaultShare)
	if (surge == nil || same(surge, share)) && (unavailable == nil || same(unavailable, share)) {
		return false
	}
	return !r.unchangedInjection(fieldStrategy, func(d *appsv1.Deployment) bool {
		ru := d.Spec.Strategy.RollingUpdate
		return ru != nil && sameRef(ru.MaxSurge, surge) && sameRef(ru.MaxUnavailable, unavailable)
	})
}

// unchangedInjection tells whether a field holds what was injected before.
func (r *review) unchangedInjection(field string, equal func(old *appsv1.Deployment) bool) bool {
	return r.Old != nil && r.before.Filled(field) && equal(r.Old)
}

// fill records that a field of the spec follows the policy.
func (r *review) fill(field string) {
	r.after.Fields = append(r.after.Fields, field)
	slices.Sort(r.after.Fields)
}

func same(have *intstr.IntOrString, want intstr.IntOrString) bool {
	return have != nil && *have == want
}

func sameRef(a, b *intstr.IntOrString) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
