// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package back

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/flight"
	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/revision"
)

// tries bounds how often a write meets another one.
const tries = 10

// come are the annotations that belong to a template, and come back with it, as
// they do by kubectl rollout undo. All others are the Deployment's of today.
var come = []string{policy.CauseAnnotation, policy.InjectedAnnotation}

// Write writes the template of a version that was found in a World. Where others
// wrote meanwhile it is written again, but only while the Deployment has the
// template, and the rollout the place, that the person saw. A dry run writes
// nothing, and has admission answer all the same.
func (w World) Write(ctx context.Context, c kubernetes.Interface, to revision.Target, dryRun bool) error {
	options := metav1.PatchOptions{FieldManager: "kubectl-evenkeel"}
	if dryRun {
		options.DryRun = []string{metav1.DryRunAll}
	}
	now, deployments := w.Deployment, c.AppsV1().Deployments(w.Deployment.Namespace)
	for range tries {
		body, err := json.Marshal(w.patch(now, to))
		if err != nil {
			return fmt.Errorf("cannot write the patch: %w", err)
		}
		if _, err = deployments.Patch(ctx, now.Name, types.JSONPatchType, body, options); !apierrors.IsConflict(err) {
			return err
		}
		if now, err = deployments.Get(ctx, now.Name, metav1.GetOptions{}); err != nil {
			return fmt.Errorf("cannot read the Deployment: %w", err)
		}
		if !w.stands(now) {
			return fmt.Errorf("somebody changed the Deployment, or its rollout has moved on, since you looked, so nothing was written; look at it, and say it again:\n  kubectl evenkeel status %s -n %s", now.Name, now.Namespace)
		}
	}
	return fmt.Errorf("cannot write the template: others write deployment.apps/%s all the time; say it again", now.Name)
}

// stands tells whether a Deployment is where the person saw it.
func (w World) stands(now *appsv1.Deployment) bool {
	return now.UID == w.Deployment.UID && same(now.Spec.Template, w.Deployment.Spec.Template) && now.Spec.Paused == w.Deployment.Spec.Paused &&
		flight.OfDeployment(now, nil).Same(flight.OfDeployment(w.Deployment, nil))
}

// operation is one of a JSON patch.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// patch puts the template in, as a whole, if nobody wrote in between.
func (w World) patch(d *appsv1.Deployment, to revision.Target) []operation {
	return []operation{
		{"replace", "/metadata/resourceVersion", d.ResourceVersion},
		{"add", "/metadata/annotations", w.annotations(d, to.ReplicaSet)},
		{"replace", "/spec/template", to.Template},
	}
}

// annotations are those of today, with those that come with the template.
func (w World) annotations(d *appsv1.Deployment, replicaSet string) map[string]string {
	out := maps.Clone(d.Annotations)
	if out == nil {
		out = map[string]string{}
	}
	at := slices.IndexFunc(w.Sets, func(rs appsv1.ReplicaSet) bool { return rs.Name == replicaSet })
	for _, key := range come {
		delete(out, key)
		if at < 0 {
			continue
		}
		if value, there := w.Sets[at].Annotations[key]; there {
			out[key] = value
		}
	}
	return out
}
