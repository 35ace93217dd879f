// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/traffic/guard"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
	"github.com/evenkeel-dev/evenkeel/traffic/route/kinds"
)

// held is an object that carries a workload's name, and what it carries without it.
type held struct {
	object client.Object
	left   string
}

// release gives back what still carries the name of a Deployment that has nothing
// in flight: it is gone, or was made anew while nobody looked.
func (r *Reconciler) release(ctx context.Context, gone types.NamespacedName) error {
	all, err := r.heldServices(ctx, gone.Namespace, route.Narrow{Deployment: gone.Name})
	if err != nil {
		return err
	}
	for _, kind := range r.kinds {
		routes, err := r.heldRoutes(ctx, kind, gone)
		if err != nil {
			return err
		}
		all = append(all, routes...)
	}
	return r.letGo(ctx, deployment, gone, all)
}

// withdraw leads all traffic to stable while a Deployment is being deleted and a
// finalizer keeps it: its pods stay, and nobody takes the rollout on or back. What it
// holds is given back when it is gone.
func (r *Reconciler) withdraw(ctx context.Context, d *appsv1.Deployment) error {
	state, err := rollout.ParseState(d.Annotations[rollout.StateAnnotation])
	state, back := state.Withdrawn()
	if err != nil || !back { // nobody reads it, or there is no way back
		return nil
	}
	w, err := r.observeIn(ctx, d, state)
	if err != nil {
		return err
	}
	return r.keepTraffic(ctx, w)
}

// releaseBatches is release for what changes in batches.
func (b batches) releaseBatches(ctx context.Context, gone types.NamespacedName) error {
	all, err := b.heldServices(ctx, gone.Namespace, route.Narrow{Workload: b.workload(gone.Name)})
	if err != nil {
		return err
	}
	return b.letGo(ctx, b.kind, gone, all)
}

// letGo writes what is left, unless the workload holds it after all: one cache may
// show a rollout's Services before another shows that it has begun.
func (r *Reconciler) letGo(ctx context.Context, kind string, gone types.NamespacedName, all []held) error {
	if len(all) == 0 {
		return nil
	}
	if holds, err := r.holds(ctx, kind, gone); holds || err != nil {
		return err
	}
	for _, one := range all {
		if err := r.annotate(ctx, one.object, route.SplitAnnotation, one.left, one.left != ""); err != nil {
			return err
		}
	}
	return nil
}

// holds looks past the cache whether a workload is in flight. One whose state
// nobody can read is.
func (r *Reconciler) holds(ctx context.Context, kind string, key types.NamespacedName) (bool, error) {
	now := Flight{&metav1.PartialObjectMetadata{TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: kind}}}
	err := r.live.Get(ctx, key, now.Object)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("cannot get %s %s: %w", kind, key, err)
	}
	now.Object.Kind = kind
	state, err := now.State()
	return err != nil || state.InFlight(), nil
}

// inFlightIn selects what is in flight in a namespace.
func inFlightIn(namespace string) []client.ListOption {
	return []client.ListOption{client.InNamespace(namespace), client.HasLabels{rollout.InFlightLabel}}
}

// heldServices lists the Services that carry the name of a workload.
func (r *Reconciler) heldServices(ctx context.Context, namespace string, gone route.Narrow) (all []held, err error) {
	var services corev1.ServiceList
	if err := r.client.List(ctx, &services, inFlightIn(namespace)...); err != nil {
		return nil, fmt.Errorf("cannot list Services: %w", err)
	}
	for i := range services.Items {
		narrow, err := route.ParseNarrow(services.Items[i].Annotations[route.SplitAnnotation])
		if err == nil && narrow.Owner() == gone.Owner() {
			all = append(all, held{object: &services.Items[i]})
		}
	}
	return all, nil
}

// heldRoutes lists the routes of a kind that have a share of a Deployment.
func (r *Reconciler) heldRoutes(ctx context.Context, kind route.Kind, gone types.NamespacedName) (all []held, err error) {
	list := kinds.BlankList(kind)
	if err := r.client.List(ctx, list, inFlightIn(gone.Namespace)...); err != nil {
		return nil, fmt.Errorf("cannot list %ss: %w", kind.Name(), err)
	}
	for i := range list.Items {
		carried, err := route.Parse(list.Items[i].GetAnnotations()[route.SplitAnnotation])
		if left := carried.WithoutDeployment(gone.Name); err == nil && !left.Same(carried) {
			all = append(all, held{&list.Items[i], left.String()})
		}
	}
	return all, nil
}

// releaseLost gives back, in a namespace, in all where it is empty, what carries the
// names of workloads that hold nothing; of those of one name where it is not empty.
func (r *Reconciler) releaseLost(ctx context.Context, namespace, name string) error {
	holders, err := r.holdersIn(ctx, namespace)
	if err != nil {
		return err
	}
	for _, one := range holders {
		release := r.release
		if one.Kind != deployment {
			release = batches{Reconciler: r, kind: one.Kind}.releaseBatches
		}
		if name == "" || name == one.Name {
			err = errors.Join(err, release(ctx, types.NamespacedName{Namespace: one.Namespace, Name: one.Name}))
		}
	}
	return err
}

// holdersIn lists the workloads that objects in flight name, each once.
func (r *Reconciler) holdersIn(ctx context.Context, namespace string) ([]guard.ID, error) {
	names := map[guard.ID]bool{}
	lists := []client.ObjectList{&corev1.ServiceList{}}
	for _, kind := range r.kinds {
		lists = append(lists, kinds.BlankList(kind))
	}
	for _, list := range lists {
		if err := r.client.List(ctx, list, inFlightIn(namespace)...); err != nil {
			return nil, fmt.Errorf("cannot list what is in flight: %w", err)
		}
		_ = meta.EachListItem(list, func(item runtime.Object) error {
			object, _ := item.(client.Object)
			for _, name := range named(object) {
				names[guard.At(deployment, types.NamespacedName{Namespace: object.GetNamespace(), Name: name})] = true
			}
			if narrow, err := route.ParseNarrow(object.GetAnnotations()[route.SplitAnnotation]); err == nil && narrow.Workload != "" {
				kind, name, _ := strings.Cut(narrow.Workload, "/")
				names[guard.At(kind, types.NamespacedName{Namespace: object.GetNamespace(), Name: name})] = true
			}
			return nil
		})
	}
	return slices.SortedFunc(maps.Keys(names), func(a, b guard.ID) int {
		return strings.Compare(a.Namespace+"/"+a.Kind+"/"+a.Name, b.Namespace+"/"+b.Kind+"/"+b.Name)
	}), nil
}
