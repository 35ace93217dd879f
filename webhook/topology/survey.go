// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

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

// Wish is what a release asks of what is around it.
type Wish struct {
	Rollout  policy.Rollout
	Template *corev1.PodTemplateSpec
	// Hosts says which host of its match the policy does not let it have.
	Hosts string
	// Back tells that it only goes back, so that nothing new is in anybody's way.
	Back bool
}

// surveyRoutes finds the routes to divide. Where none leads to the Services, and
// nothing else moves traffic, the pods alone change: the check no-route tells.
func (r Reader) surveyRoutes(ctx context.Context, old *appsv1.Deployment, asked Wish, s *Surroundings) error {
	all, err := r.leading(ctx, old, s.Services, asked.Rollout)
	if err != nil {
		return err
	}
	for _, one := range all {
		if one.problem != "" {
			s.Undivided = append(s.Undivided, one.problem)
			continue
		}
		s.Routes = append(s.Routes, one.ref)
		s.Backends = append(s.Backends, one.services...)
		if !asked.Back {
			s.Refused = cmp.Or(s.Refused, one.taken)
		}
	}
	if len(s.Undivided) > 0 && asked.Rollout.ByRoute && !asked.Back {
		s.Refused = cmp.Or(s.Refused, s.trapped(old, asked.Rollout))
		return nil
	}
	switch {
	case asked.Rollout.Strategy == rollout.BlueGreen: // the Services alone can move all traffic at once
		s.Backends = slices.Clone(s.Services)
	case len(s.Routes) == 0:
		*s = Surroundings{}
		return nil
	}
	slices.Sort(s.Backends)
	s.Backends = slices.Compact(s.Backends)
	return r.surveyCanaryNames(ctx, old, s)
}

// trapped refuses a release of which a route would take no part: nobody would move
// its traffic, whatever the steps say. It shows the ways out.
func (s *Surroundings) trapped(d *appsv1.Deployment, p policy.Rollout) string {
	var ways []string
	if len(s.Routes) > 0 {
		refs := make([]string, len(s.Routes))
		for i, ref := range s.Routes {
			refs[i] = ref.String()
		}
		ways = append(ways, fmt.Sprintf("%s: %s   # these alone are divided; the others follow at the end", policy.RouteAnnotation, strings.Join(refs, ",")))
	}
	if p.Match != "" && (p.Strategy == rollout.BlueGreen || strings.Contains(s.Undivided[0], "match")) {
		ways = append(ways, fmt.Sprintf("kubectl annotate deployment -n %s %s %s-   # no group of requests", d.Namespace, d.Name, policy.MatchAnnotation))
	}
	if p.Strategy == rollout.Canary && p.Match == "" {
		ways = append(ways, rollout.StrategyAnnotation+": "+rollout.BlueGreen+"   # the Service moves all traffic at once")
	}
	ways = append(ways, podsAlone+"   # the pods alone change")
	return fmt.Sprintf("%s. Its traffic would follow no step. Mend that, or write one of:\n  %s", s.Undivided[0], strings.Join(ways, "\n  "))
}

// surveyCanaryNames makes sure that the canary's Services may have their names.
func (r Reader) surveyCanaryNames(ctx context.Context, old *appsv1.Deployment, s *Surroundings) error {
	for _, name := range s.Backends {
		var taken corev1.Service
		key := client.ObjectKey{Namespace: old.Namespace, Name: name + route.CanarySuffix}
		if most := validation.DNS1035LabelMaxLength; len(key.Name) > most {
			s.Refused = cmp.Or(s.Refused, fmt.Sprintf("the canary's Service would be %q, which is longer than the %d characters that a name may have. Give Service %q a name of %d at most, or leave the traffic to the pods:\n  %s",
				key.Name, most, name, most-len(route.CanarySuffix), podsAlone))
			continue
		}
		err := r.Cache.Get(ctx, key, &taken)
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("cannot get Service %q: %w", key.Name, err)
		}
		if !metav1.IsControlledBy(&taken, old) {
			s.Refused = cmp.Or(s.Refused, fmt.Sprintf("Service %q exists and is not Evenkeel's, and the canary's Service would have its name. Give it another one, or leave the traffic to the pods:\n  %s", key.Name, podsAlone))
		}
	}
	return nil
}
