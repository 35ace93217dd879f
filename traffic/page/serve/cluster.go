// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/policy/excerpt"
	"github.com/evenkeel-dev/evenkeel/traffic/diagnosis/live"
	"github.com/evenkeel-dev/evenkeel/traffic/ledger"
	"github.com/evenkeel-dev/evenkeel/traffic/page"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// Cluster is what pages are made of.
type Cluster struct {
	// Cached reads workloads and ReplicaSets.
	Cached client.Reader
	// Live reads ledgers, which no cache has; nil where none are kept.
	Live client.Reader
	// Pods reads those of a new version that lacks some, for the page of one workload;
	// nil where nobody does.
	Pods client.Reader
}

// All gives every workload with a release that its annotation knows of.
func (c Cluster) All(ctx context.Context) ([]page.Seen, error) {
	var out []page.Seen
	for _, list := range []client.ObjectList{&appsv1.DeploymentList{}, &appsv1.StatefulSetList{}, &appsv1.DaemonSetList{}} {
		if err := c.Cached.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil { // only looked at
			return nil, fmt.Errorf("cannot list workloads: %w", err)
		}
		err := meta.EachListItem(list, func(item runtime.Object) error {
			object, _ := item.(client.Object)
			if object.GetAnnotations()[rollout.StateAnnotation] == "" {
				return nil
			}
			seen, err := c.see(ctx, object, false)
			out = append(out, seen)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// One gives one workload, and whether it is there.
func (c Cluster) One(ctx context.Context, kind, namespace, name string) (page.Seen, bool, error) {
	object := workload(kind)
	if object == nil {
		return page.Seen{}, false, nil
	}
	err := c.Cached.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, object)
	if apierrors.IsNotFound(err) {
		return page.Seen{}, false, nil
	}
	if err != nil {
		return page.Seen{}, false, fmt.Errorf("cannot get the workload: %w", err)
	}
	seen, err := c.see(ctx, object, true)
	if err == nil && c.Pods != nil && seen.LacksPods() {
		seen.Unwell = live.Of(seen.Namespace, seen.Kind, seen.Name, seen.State.Canary).Unwell(ctx, c.Pods)
	}
	return seen, err == nil, err
}

// workload is a workload to read into, by its kind as a path has it.
func workload(kind string) client.Object {
	switch kind {
	case "deployment":
		return &appsv1.Deployment{}
	case "statefulset":
		return &appsv1.StatefulSet{}
	case "daemonset":
		return &appsv1.DaemonSet{}
	default:
		return nil
	}
}

// Past reads the ledger of a workload. What hinders is a part of the answer: the
// release itself can be seen all the same.
func (c Cluster) Past(ctx context.Context, s page.Seen) page.Past {
	if c.Live == nil {
		return page.Past{Unread: "No records are kept: the ledger is switched off (the chart's ledger.enabled)."}
	}
	var book corev1.ConfigMap
	err := c.Live.Get(ctx, client.ObjectKey{Namespace: s.Namespace, Name: ledger.Name(s.Kind, s.Name)}, &book)
	if apierrors.IsNotFound(err) || (err == nil && book.Labels[rollout.RoleLabel] != ledger.Role) {
		return page.Past{}
	}
	if err != nil {
		return page.Past{Unread: brief(fmt.Errorf("cannot get the ledger: %w", err))}
	}
	records, err := ledger.Read(&book)
	if err != nil {
		return page.Past{Records: records, Unread: brief(err)}
	}
	return page.Past{Records: records}
}

// brief bounds what a page says of an error.
func brief(err error) string { return excerpt.Bytes(err.Error(), 600) }
