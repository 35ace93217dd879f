// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// The names under which the record keeps the injected fields of the spec.
const (
	fieldStrategy    = "strategy"
	fieldMinReady    = "minReadySeconds"
	fieldDeadline    = "progressDeadlineSeconds"
	fieldHistory     = "revisionHistoryLimit"
	apiDefaultShare  = "25%"
	apiDefaultPeriod = 600
	// apiDefaultHistory is the API's revisionHistoryLimit.
	apiDefaultHistory = int32(10)
)

// injectStrategy fills in maxSurge and maxUnavailable, both or neither: half a
// pair of somebody else's can add up to no progress.
//
// Reads and writes spec.strategy.rollingUpdate; a Recreate strategy is the
// user's own word and is left alone.
func injectStrategy(r *review) {
	strategy := &r.Object.Spec.Strategy
	if r.Policy.Inject.Strategy == nil || !r.wants.strategy || strategy.Type == appsv1.RecreateDeploymentStrategyType {
		return
	}
	now, want := ptr.Deref(strategy.RollingUpdate, appsv1.RollingUpdateDeployment{}), r.safePair()
	if r.strategyIsTheUsers(now, want) {
		return
	}
	r.fill(fieldStrategy)
	if samePair(now, want) {
		return
	}
	strategy.RollingUpdate = want.DeepCopy()
	what := fmt.Sprintf("maxSurge %s, maxUnavailable %s", want.MaxSurge, want.MaxUnavailable)
	r.filled = append(r.filled, what)
	r.change("/spec/strategy/rollingUpdate/maxSurge", *want.MaxSurge, r.because(what))
	r.change("/spec/strategy/rollingUpdate/maxUnavailable", *want.MaxUnavailable, r.because(what))
}

// safePair is the policy's pair, or where the checks would refuse it at this
// size (10% of 4 pods is none) one that is always fine: nobody is refused for
// what was injected.
func (r *review) safePair() appsv1.RollingUpdateDeployment {
	want := pair(r.Policy.Inject.Strategy.MaxSurge, r.Policy.Inject.Strategy.MaxUnavailable)
	tried := &appsv1.Deployment{Spec: appsv1.DeploymentSpec{Replicas: r.Object.Spec.Replicas, Strategy: appsv1.DeploymentStrategy{RollingUpdate: &want}}}
	for _, find := range []func(world) (int, string){zeroProgress, floorZero, maxUnavailable} {
		if severity, _ := find(world{Deployment: tried, policy: r.Policy}); severity > 0 {
			return pair(intstr.FromInt32(1), intstr.FromInt32(0))
		}
	}
	return want
}

func pair(surge, unavailable intstr.IntOrString) appsv1.RollingUpdateDeployment {
	return appsv1.RollingUpdateDeployment{MaxSurge: &surge, MaxUnavailable: &unavailable}
}

func (r *review) strategyIsTheUsers(now, want appsv1.RollingUpdateDeployment) bool {
	for _, field := range []string{"maxSurge", "maxUnavailable"} {
		if by := r.asked.by("spec", "strategy", "rollingUpdate", field); by != "" {
			r.keep("maxSurge, maxUnavailable", by)
			return true
		}
	}
	if isShare(now.MaxSurge, apiDefaultShare) && isShare(now.MaxUnavailable, apiDefaultShare) {
		return false
	}
	return !r.followsOr(fieldStrategy, samePair(now, want), func(old *appsv1.Deployment) bool {
		return samePair(ptr.Deref(old.Spec.Strategy.RollingUpdate, appsv1.RollingUpdateDeployment{}), now)
	})
}

// keptBy tells whether somebody asked for a field of the spec by name.
func (r *review) keptBy(field string) bool {
	by := r.asked.by("spec", field)
	if by != "" {
		r.keep(field, by)
	}
	return by != ""
}

// keep notes whose value stands where the policy would have filled one in. What
// nobody asked for by name differs from the API's default.
func (r *review) keep(what, by string) {
	if by == "" {
		by = "a value that is not the API's default"
	}
	r.Kept = append(r.Kept, what+": "+by)
}

// followsOr is follows, and notes where it does not.
func (r *review) followsOr(field string, given bool, live func(old *appsv1.Deployment) bool) bool {
	follows := r.follows(field, given, live)
	if !follows {
		r.keep(field, "")
	}
	return follows
}

// follows tells whether a field holds what was injected: the live value, or that
// of the pass before this one.
func (r *review) follows(field string, given bool, live func(old *appsv1.Deployment) bool) bool {
	return (r.Old != nil && r.before.Filled(field) && live(r.Old)) || (r.stamped.Filled(field) && given)
}

// fill records that a field of the spec follows the policy.
func (r *review) fill(field string) {
	r.after.Fields = append(r.after.Fields, field)
	slices.Sort(r.after.Fields)
}

// isShare tells whether a value is what the API fills in.
func isShare(have *intstr.IntOrString, share string) bool {
	return have == nil || *have == intstr.FromString(share)
}

func samePair(a, b appsv1.RollingUpdateDeployment) bool {
	return ptr.Equal(a.MaxSurge, b.MaxSurge) && ptr.Equal(a.MaxUnavailable, b.MaxUnavailable)
}
