// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/policy/manifest"
	"github.com/evenkeel-dev/evenkeel/webhook"
	"github.com/evenkeel-dev/evenkeel/webhook/offline"
)

// Finding is a check that does not hold for a Deployment of a file.
type Finding struct {
	File string `json:"file"`
	// Line is where the Deployment begins, from 1.
	Line      int           `json:"line"`
	Namespace string        `json:"namespace"`
	Name      string        `json:"name"`
	Rule      string        `json:"rule"`
	Check     string        `json:"check"`
	Action    policy.Action `json:"action"`
	Message   string        `json:"message"`
}

// Report is what a run found.
type Report struct {
	// Files and Deployments are how many were looked at.
	Files       int `json:"files"`
	Deployments int `json:"deployments"`
	// Findings are in the order of the files.
	Findings []Finding `json:"findings"`
}

// Worst tells whether a finding is as bad as an action, or worse.
func (r Report) Worst(atLeast policy.Action) bool {
	order := []policy.Action{policy.Audit, policy.Warn, policy.Enforce}
	return slices.ContainsFunc(r.Findings, func(f Finding) bool {
		return slices.Index(order, f.Action) >= slices.Index(order, atLeast)
	})
}

// Reviewed is a Deployment of a file with its plan.
type Reviewed struct {
	manifest.Object
	Plan policy.Plan
}

// Review gives the plan of every Deployment of the files, in their order.
func Review(ctx context.Context, files []manifest.File, policies *config.Store, now time.Time) ([]Reviewed, error) {
	h := Handler(files, policies, now)
	var out []Reviewed
	for _, file := range files {
		for _, object := range file.Objects {
			if _, ok := object.Object.(*appsv1.Deployment); ok {
				out = append(out, Reviewed{Object: object})
			}
		}
	}
	errs := make([]error, len(out))
	var all sync.WaitGroup
	turns := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i := range out {
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			out[i].Plan, errs[i] = h.Audit(ctx, out[i].Applied())
		})
	}
	all.Wait()
	for i, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", out[i].File, out[i].Line, err)
		}
	}
	return out, nil
}

// Handler is admission over what the files hold. Of kinds that occur in none of
// them nothing is known, and nothing is said.
func Handler(files []manifest.File, policies *config.Store, now time.Time) *webhook.Handler {
	world, unknown := World(files)
	return offline.Handler(world, policies, unknown, now)
}

// World is what the files hold, and the kinds of neighbours of which they hold
// none. Of objects that come twice, as in overlays, the first counts.
func World(files []manifest.File) (*offline.World, []policy.Kind) {
	world, there := offline.NewWorld(), map[policy.Kind]bool{}
	type id struct {
		of              reflect.Type
		namespace, name string
	}
	seen := map[id]bool{}
	for _, file := range files {
		for _, object := range file.Objects {
			this := id{reflect.TypeOf(object.Object), object.GetNamespace(), object.GetName()}
			if seen[this] {
				continue
			}
			seen[this], there[kindOf(object)] = true, true
			world.Add(object.Object)
		}
	}
	return world, slices.DeleteFunc(policy.Kinds(), func(k policy.Kind) bool { return there[k] })
}

// NewReport collects the findings of what was reviewed.
func NewReport(files []manifest.File, reviewed []Reviewed) Report {
	report := Report{Files: len(files), Deployments: len(reviewed), Findings: []Finding{}}
	for _, r := range reviewed {
		for _, v := range r.Plan.Violations {
			report.Findings = append(report.Findings, Finding{
				r.File, r.Line, r.GetNamespace(), r.GetName(), r.Plan.Rule, v.Check, v.Action, v.Message,
			})
		}
	}
	return report
}

func kindOf(object manifest.Object) policy.Kind {
	switch object.Object.(type) {
	case *corev1.Service:
		return policy.Services
	case *policyv1.PodDisruptionBudget:
		return policy.Budgets
	case *autoscalingv2.HorizontalPodAutoscaler:
		return policy.Scalers
	case *corev1.ResourceQuota:
		return policy.Quotas
	case *corev1.PersistentVolumeClaim:
		return policy.Claims
	case *networkingv1.Ingress, *gatewayv1.HTTPRoute, *gatewayv1.GRPCRoute:
		return policy.Routes
	default:
		return ""
	}
}
