// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"context"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/page"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout/packed"
)

// see reads one workload; closely also counts the pods of a release that is over,
// and names the images.
func (c Cluster) see(ctx context.Context, object client.Object, closely bool) (page.Seen, error) {
	s := page.Seen{Namespace: object.GetNamespace(), Name: object.GetName(), Hasty: policy.Lifted(object.GetAnnotations(), policy.GuardMinStep, time.Now())}
	text := object.GetAnnotations()[rollout.StateAnnotation]
	var err error
	switch o := object.(type) {
	case *appsv1.Deployment:
		s.Kind, s.Replicas, s.Ready = "Deployment", ptr.Deref(o.Spec.Replicas, 1), o.Status.ReadyReplicas
		s.State, err = rollout.ParseState(text)
	case *appsv1.StatefulSet:
		s.Kind, s.Replicas, s.Ready = "StatefulSet", ptr.Deref(o.Spec.Replicas, 1), o.Status.ReadyReplicas
		s.State, err = batches(text)
		s.Stable, s.Canary = parts(o.Status.Replicas, o.Status.UpdatedReplicas)
	case *appsv1.DaemonSet:
		s.Kind, s.Replicas, s.Ready = "DaemonSet", o.Status.DesiredNumberScheduled, o.Status.NumberReady
		s.State, err = batches(text)
		s.Stable, s.Canary = parts(o.Status.CurrentNumberScheduled, o.Status.UpdatedNumberScheduled)
	}
	if err != nil {
		s.Frozen = brief(err)
		return s, nil
	}
	if s.Kind != "Deployment" || (!closely && !s.State.InFlight()) {
		return s, nil
	}
	return c.seePods(ctx, s, closely)
}

// batches reads the state of a workload in batches.
func batches(text string) (rollout.State, error) {
	state, err := batch.ParseState(text)
	return page.Batches(state), err
}

// parts are the pods of both versions by what the workload's status says, which
// does not tell which of them are ready.
func parts(all, updated int32) (stable, canary page.Pods) {
	return page.Pods{Total: max(0, all-updated), Ready: -1}, page.Pods{Total: updated, Ready: -1}
}

// seePods counts the pods of both versions by their ReplicaSets.
func (c Cluster) seePods(ctx context.Context, s page.Seen, closely bool) (page.Seen, error) {
	stable, err := c.replicaSet(ctx, s.Namespace, s.State.Stable.ReplicaSet)
	if err != nil {
		return s, err
	}
	canary, err := c.replicaSet(ctx, s.Namespace, s.State.Canary.ReplicaSet)
	if err != nil {
		return s, err
	}
	s.Stable, s.Canary = podsOf(stable), podsOf(canary)
	if closely {
		s.Stable.Images, s.Canary.Images = images(stable, canary), images(canary, stable)
	}
	return s, nil
}

// replicaSet reads one; nil where there is none.
func (c Cluster) replicaSet(ctx context.Context, namespace, name string) (*appsv1.ReplicaSet, error) {
	if name == "" {
		return nil, nil
	}
	var rs appsv1.ReplicaSet
	err := c.Cached.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &rs)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot get ReplicaSet %q: %w", name, err)
	}
	return &rs, nil
}

func podsOf(rs *appsv1.ReplicaSet) page.Pods {
	if rs == nil {
		return page.Pods{}
	}
	return page.Pods{Total: max(rs.Status.Replicas, ptr.Deref(rs.Spec.Replicas, 1)), Ready: rs.Status.ReadyReplicas}
}

// images are those of a version that the other one does not have, or all of them
// where both have the same.
func images(of, other *appsv1.ReplicaSet) []string {
	all, others := imagesOf(of), imagesOf(other)
	own := slices.DeleteFunc(slices.Clone(all), func(one string) bool { return slices.Contains(others, one) })
	if len(own) == 0 {
		return all
	}
	return own
}

// imagesOf are the images of a version; what cannot be unpacked has none to show.
func imagesOf(rs *appsv1.ReplicaSet) []string {
	if rs == nil {
		return nil
	}
	template, err := packed.Template(rs)
	if err != nil {
		return nil
	}
	var out []string
	for _, container := range slices.Concat(template.Spec.InitContainers, template.Spec.Containers) {
		if !slices.Contains(out, container.Image) {
			out = append(out, container.Image)
		}
	}
	return out
}
