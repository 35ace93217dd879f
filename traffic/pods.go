// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/index"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// batchWorld is one reading of the cluster for the sake of a rollout in batches.
type batchWorld struct {
	object   client.Object
	snapshot batch.Snapshot
	services map[string]*corev1.Service
	narrow   route.Narrow // what the state asks the Services to carry
	// what the stock controller goes by.
	knobs    batch.Knobs
	first    int32 // the lowest ordinal
	minReady time.Duration
	// soon is when the next pod has been ready for long enough; 0 is never.
	soon time.Duration
}

// observe reads everything that batch.Decide looks at.
func (b batches) observe(ctx context.Context, object client.Object) (*batchWorld, error) {
	state, err := batch.ParseState(object.GetAnnotations()[rollout.StateAnnotation])
	if err != nil {
		return nil, err
	}
	return b.observeIn(ctx, object, state)
}

// observeIn reads everything that batch.Decide looks at, of a workload whose state
// is known.
func (b batches) observeIn(ctx context.Context, object client.Object, state batch.State) (*batchWorld, error) {
	w := &batchWorld{object: object, services: map[string]*corev1.Service{}, snapshot: batch.Snapshot{State: state}}
	if !state.InFlight() {
		return w, nil
	}
	if hash := state.Target().Select; hash != "" {
		w.narrow = route.Narrow{Workload: b.workload(object.GetName()), Hash: hash}
	}
	if err := b.observeWorkload(ctx, w); err != nil {
		return nil, err
	}
	if err := b.observeBatchPods(ctx, w); err != nil {
		return nil, err
	}
	return w, b.observeBatchServices(ctx, w)
}

// observeWorkload reads the workload itself.
func (b batches) observeWorkload(ctx context.Context, w *batchWorld) error {
	s := &w.snapshot
	switch o := w.object.(type) {
	case *appsv1.StatefulSet:
		s.Replicas, s.Updated = ptr.Deref(o.Spec.Replicas, 1), o.Status.UpdatedReplicas
		s.Observed = o.Status.ObservedGeneration >= o.Generation
		w.knobs, w.minReady = batch.Knobs{StatefulSet: &o.Spec.UpdateStrategy}, seconds(o.Spec.MinReadySeconds)
		w.first = ptr.Deref(o.Spec.Ordinals, appsv1.StatefulSetOrdinals{}).Start
		if hash := o.Status.UpdateRevision; s.Observed && hash != "" {
			s.Newest = batch.VersionOf(true, o.Name, hash)
		}
	case *appsv1.DaemonSet:
		s.Replicas, s.Updated = o.Status.DesiredNumberScheduled, o.Status.UpdatedNumberScheduled
		s.Observed = o.Status.ObservedGeneration >= o.Generation
		w.knobs, w.minReady = batch.Knobs{DaemonSet: &o.Spec.UpdateStrategy}, seconds(o.Spec.MinReadySeconds)
		if err := b.observeRevision(ctx, w, o); err != nil {
			return err
		}
	}
	restored := !s.State.WantsStable() || !s.Observed || s.Newest.Hash == s.State.Stable.Hash
	s.Rendered = restored && batch.Render(s.State).ShownBy(w.knobs)
	return nil
}

// observeRevision finds the revision of a DaemonSet's template, of which its
// status says nothing.
func (b batches) observeRevision(ctx context.Context, w *batchWorld, d *appsv1.DaemonSet) error {
	var list appsv1.ControllerRevisionList
	if err := b.client.List(ctx, &list, client.InNamespace(d.Namespace), client.UnsafeDisableDeepCopy); err != nil { // only looked at
		return fmt.Errorf("cannot list ControllerRevisions: %w", err)
	}
	for i := range list.Items {
		revision := &list.Items[i]
		if !w.snapshot.Observed || !metav1.IsControlledBy(revision, d) {
			continue
		}
		text, err := batch.Template(revision.Data.Raw)
		if err != nil {
			return fmt.Errorf("ControllerRevision %q: %w", revision.Name, err)
		}
		var template corev1.PodTemplateSpec
		if err := json.Unmarshal(text, &template); err != nil {
			return fmt.Errorf("cannot read ControllerRevision %q: %w", revision.Name, err)
		}
		if equality.Semantic.DeepEqual(template, d.Spec.Template) {
			w.snapshot.Newest = batch.VersionOf(false, d.Name, revision.Labels[appsv1.DefaultDaemonSetUniqueLabelKey])
		}
	}
	return nil
}

// observeBatchPods reads the workload's pods.
func (b batches) observeBatchPods(ctx context.Context, w *batchWorld) error {
	var list corev1.PodList
	if err := b.client.List(ctx, &list, client.InNamespace(w.object.GetNamespace()), index.OwnedBy(w.object.GetUID()), client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("cannot list Pods: %w", err)
	}
	count := rollout.Count{Of: w.snapshot.Replicas}
	for i := range list.Items {
		pod := &list.Items[i]
		if !metav1.IsControlledBy(pod, w.object) {
			continue
		}
		seen := w.pod(pod, b.now())
		if seen.Ready {
			count.Ready++
		}
		w.snapshot.Pods = append(w.snapshot.Pods, seen)
	}
	b.ledger.Saw(w.object, w.snapshot.State.Log, count)
	return nil
}

// pod is one of the pods as it is now.
func (w *batchWorld) pod(pod *corev1.Pod, now time.Time) batch.Pod {
	seen := batch.Pod{
		Name: pod.Name, UID: string(pod.UID), Node: pod.Spec.NodeName, Hash: pod.Labels[appsv1.ControllerRevisionHashLabelKey], Leaving: pod.DeletionTimestamp != nil,
	}
	if w.knobs.StatefulSet != nil {
		ordinal, _ := strconv.ParseInt(pod.Name[strings.LastIndex(pod.Name, "-")+1:], 10, 32) // the stock controller named it
		seen.Ordinal = int32(ordinal) - w.first
	}
	ready, left := readyFor(pod, w.minReady, now)
	seen.Ready, seen.Available = ready, ready && left <= 0
	if left > 0 {
		w.soon = sooner(w.soon, left)
	}
	return seen
}

// observeBatchServices reads the Services, and whom they lead to.
func (b batches) observeBatchServices(ctx context.Context, w *batchWorld) error {
	hashes := map[types.UID]string{}
	for _, pod := range w.snapshot.Pods {
		hashes[types.UID(pod.UID)] = pod.Hash
	}
	for _, name := range w.snapshot.State.Services {
		seen := batch.Service{Name: name}
		service, err := b.service(ctx, client.ObjectKey{Namespace: w.object.GetNamespace(), Name: name})
		if err != nil {
			return err
		}
		if service != nil {
			w.services[name] = service
			behind, err := b.behind().Of(ctx, client.ObjectKeyFromObject(service), asked(service, false))
			if err != nil {
				return err
			}
			seen.Exists, seen.By = true, another(service, b.narrow(w.object))
			seen.InPlace = narrowed(service, w.narrow) && (w.narrow.Hash == "" || len(behind.Ready) > 0) // the slices come later
			for _, uid := range behind.Ready {
				hash, own := hashes[uid]
				if !own {
					seen.Other++
				}
				seen.InPlace = seen.InPlace && (w.narrow.Hash == "" || hash == w.narrow.Hash)
			}
		}
		w.snapshot.Services = append(w.snapshot.Services, seen)
	}
	return nil
}

func seconds(n int32) time.Duration { return time.Duration(n) * time.Second }
