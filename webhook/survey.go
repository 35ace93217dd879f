// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// podsAlone is written for a release that divides no traffic.
const podsAlone = rollout.StrategyAnnotation + ": " + rollout.Batch

// wish is what a release asks of what is around it.
type wish struct {
	rollout  policy.Rollout
	template *corev1.PodTemplateSpec
	// hosts says which host of its match the policy does not let it have.
	hosts string
	// back tells that it only goes back, so that nothing new is in anybody's way.
	back bool
}

// surveyRoutes finds the routes to divide. Where none leads to the Services, and
// nothing else moves traffic, the pods alone change: the check no-route tells.
func (t topology) surveyRoutes(ctx context.Context, old *appsv1.Deployment, asked wish, s *surroundings) error {
	all, err := t.leading(ctx, old, s.services, asked.rollout)
	if err != nil {
		return err
	}
	for _, one := range all {
		if one.problem != "" {
			s.undivided = append(s.undivided, one.problem)
			continue
		}
		s.routes = append(s.routes, one.ref)
		s.backends = append(s.backends, one.services...)
		if !asked.back {
			s.refused = cmp.Or(s.refused, one.taken)
		}
	}
	if len(s.undivided) > 0 && asked.rollout.ByRoute && !asked.back {
		s.refused = cmp.Or(s.refused, s.trapped(old, asked.rollout))
		return nil
	}
	switch {
	case asked.rollout.Strategy == rollout.BlueGreen: // the Services alone can move all traffic at once
		s.backends = slices.Clone(s.services)
	case len(s.routes) == 0:
		*s = surroundings{}
		return nil
	}
	slices.Sort(s.backends)
	s.backends = slices.Compact(s.backends)
	return t.surveyCanaryNames(ctx, old, s)
}

// trapped refuses a release of which a route would take no part: nobody would move
// its traffic, whatever the steps say. It shows the ways out.
func (s *surroundings) trapped(d *appsv1.Deployment, p policy.Rollout) string {
	var ways []string
	if len(s.routes) > 0 {
		refs := make([]string, len(s.routes))
		for i, ref := range s.routes {
			refs[i] = ref.String()
		}
		ways = append(ways, fmt.Sprintf("%s: %s   # these alone are divided; the others follow at the end", policy.RouteAnnotation, strings.Join(refs, ",")))
	}
	if p.Match != "" && (p.Strategy == rollout.BlueGreen || strings.Contains(s.undivided[0], "match")) {
		ways = append(ways, fmt.Sprintf("kubectl annotate deployment -n %s %s %s-   # no group of requests", d.Namespace, d.Name, policy.MatchAnnotation))
	}
	if p.Strategy == rollout.Canary && p.Match == "" {
		ways = append(ways, rollout.StrategyAnnotation+": "+rollout.BlueGreen+"   # the Service moves all traffic at once")
	}
	ways = append(ways, podsAlone+"   # the pods alone change")
	return fmt.Sprintf("%s. Its traffic would follow no step. Mend that, or write one of:\n  %s", s.undivided[0], strings.Join(ways, "\n  "))
}

// surveyCanaryNames makes sure that the canary's Services may have their names.
func (t topology) surveyCanaryNames(ctx context.Context, old *appsv1.Deployment, s *surroundings) error {
	for _, name := range s.backends {
		var taken corev1.Service
		key := client.ObjectKey{Namespace: old.Namespace, Name: name + route.CanarySuffix}
		if most := validation.DNS1035LabelMaxLength; len(key.Name) > most {
			s.refused = cmp.Or(s.refused, fmt.Sprintf("the canary's Service would be %q, which is longer than the %d characters that a name may have. Give Service %q a name of %d at most, or leave the traffic to the pods:\n  %s",
				key.Name, most, name, most-len(route.CanarySuffix), podsAlone))
			continue
		}
		err := t.cache.Get(ctx, key, &taken)
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("cannot get Service %q: %w", key.Name, err)
		}
		if !metav1.IsControlledBy(&taken, old) {
			s.refused = cmp.Or(s.refused, fmt.Sprintf("Service %q exists and is not Evenkeel's, and the canary's Service would have its name. Give it another one, or leave the traffic to the pods:\n  %s", key.Name, podsAlone))
		}
	}
	return nil
}
