// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/diagnosis/live"
	"github.com/evenkeel-dev/evenkeel/traffic/guard"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
	"github.com/evenkeel-dev/evenkeel/traffic/traced"
)

// batches takes the rollouts of one kind of workload in batches one step further.
type batches struct {
	*Reconciler
	kind string
}

// batchKinds are the kinds that change in batches alone.
func batchKinds() []string { return []string{batch.StatefulSet, batch.DaemonSet} }

// object is a workload of the kind to read into.
func (b batches) object() client.Object {
	if b.kind == batch.StatefulSet {
		return &appsv1.StatefulSet{}
	}
	return &appsv1.DaemonSet{}
}

// list is a list of the kind to read into.
func (b batches) list() client.ObjectList {
	if b.kind == batch.StatefulSet {
		return &appsv1.StatefulSetList{}
	}
	return &appsv1.DaemonSetList{}
}

// workload is how Services and metrics name a workload of the kind.
func (b batches) workload(name string) string { return b.kind + "/" + name }

// narrow is how Services name a workload, whichever version they lead to.
func (b batches) narrow(object client.Object) route.Narrow {
	return route.Narrow{Workload: b.workload(object.GetName())}
}

// setUpBatches adds a controller for each kind.
func (r *Reconciler) setUpBatches(mgr ctrl.Manager, concurrency int) error {
	for _, kind := range batchKinds() {
		b := batches{Reconciler: r, kind: kind}
		c := ctrl.NewControllerManagedBy(mgr).Named("batches-"+strings.ToLower(kind)).
			For(b.object(), builder.WithPredicates(hadState)).
			Owns(&corev1.Pod{}).
			Owns(&appsv1.ControllerRevision{}).
			Watches(&corev1.Service{}, handler.EnqueueRequestsFromMapFunc(b.holders)).
			Watches(&discoveryv1.EndpointSlice{}, handler.EnqueueRequestsFromMapFunc(b.holdersOfSlice)).
			WithOptions(looks(concurrency))
		if r.evidence != nil {
			c = c.WatchesRawSource(source.Channel(r.evidence.Wake(kind), &handler.EnqueueRequestForObject{}))
		}
		if woken := r.guard.Woken(kind); woken != nil {
			c = c.WatchesRawSource(woken)
		}
		if err := c.Complete(traced.Reconciler(r.tracer, kind, b)); err != nil {
			return fmt.Errorf("cannot set up the controller of %ss in batches: %w", kind, err)
		}
	}
	return nil
}

// Reconcile looks at one workload and does at most one thing about it.
func (b batches) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	counted, id := types.NamespacedName{Namespace: request.Namespace, Name: b.workload(request.Name)}, guard.At(b.kind, request.NamespacedName)
	object := b.object()
	err := b.client.Get(ctx, request.NamespacedName, object)
	switch {
	case apierrors.IsNotFound(err) || (err == nil && !hasState(object)): // gone, or made anew
		b.left(id)
		b.counts.saw(counted, rollout.State{})
		b.measured(counted, rollout.State{})
		b.ledger.Forget(counted)
		return released(b.releaseBatches(ctx, request.NamespacedName))
	case err != nil:
		return reconcile.Result{}, fmt.Errorf("cannot get %s %s: %w", b.kind, request, err)
	case object.GetDeletionTimestamp() != nil:
		b.left(id)
		b.measured(counted, rollout.State{})
		return reconcile.Result{}, nil
	}
	state, err := batch.ParseState(object.GetAnnotations()[rollout.StateAnnotation])
	if err != nil {
		b.freeze(id, counted, object, err)
		return reconcile.Result{}, nil
	}
	b.ice.melt(id)
	w, err := b.observeIn(ctx, object, state)
	if err != nil {
		return reconcile.Result{}, err
	}
	verdict, err := b.guard.Look(ctx, object, id, guard.OfBatches(state), b.now())
	if err != nil {
		return reconcile.Result{}, err
	}
	w.snapshot.Closed, w.snapshot.Hasty = verdict.Closed, verdict.Hasty
	w.snapshot.Measurements = b.measured(counted, questioned(state))
	decision := batch.Decide(w.snapshot, b.now())
	if decision.TurnsBack(state) {
		decision = decision.Because(live.Of(request.Namespace, b.kind, request.Name, state.Canary.Told()).Unwell(ctx, b.live))
	}
	b.counts.saw(counted, told(w.snapshot.State))
	done, err := b.apply(ctx, w, decision)
	if apierrors.IsConflict(err) {
		return reconcile.Result{RequeueAfter: 50 * time.Millisecond}, nil
	}
	if err != nil {
		return reconcile.Result{}, err
	}
	if done {
		b.record.tell(object, decision.Event, decision.State.Phase)
		if state.Passes(decision.State) {
			b.guard.Passed(object, verdict, state.OverrideBy, state.Hurried(b.now()))
		}
	}
	return reconcile.Result{RequeueAfter: verdict.Sooner(sooner(decision.After, w.soon))}, nil
}

// sooner is the shorter of two waits, of which 0 is none.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b == 0 {
		return a + b
	}
	return min(a, b)
}

// told is what metrics, people and the ledger are told of a rollout in batches.
func told(s batch.State) rollout.State {
	if s.Phase == "" {
		return rollout.State{}
	}
	return rollout.State{
		Strategy: rollout.Batch, Phase: s.Phase, Stage: s.Stage, Since: s.Since, Wait: s.Wait, Reason: s.Reason,
		Steps: s.Steps, Stable: s.Stable.Told(), Canary: s.Canary.Told(), Services: s.Services, Timing: s.Timing, Log: s.Log,
		Analyses: s.Analyses,
	}
}

// questioned is what analyses are asked about: the share of the pods that are new is
// the new version's weight.
func questioned(s batch.State) rollout.State {
	out := told(s)
	if len(s.Measured()) > 0 {
		out.Step, out.Weight = s.Step, s.Current().Room()
	}
	return out
}

// holders finds the workloads whose rollouts hold a Service: those in flight that
// name it, and the one that it names itself, which may be gone.
func (b batches) holders(ctx context.Context, service client.Object) []reconcile.Request {
	var requests []reconcile.Request
	add := func(name string) {
		requests = append(requests, reconcile.Request{NamespacedName: types.NamespacedName{Namespace: service.GetNamespace(), Name: name}})
	}
	if narrow, err := route.ParseNarrow(service.GetAnnotations()[route.SplitAnnotation]); err == nil {
		if kind, name, named := strings.Cut(narrow.Workload, "/"); named && kind == b.kind {
			add(name)
		}
	}
	list := b.list()
	if b.client.List(ctx, list, inFlightIn(service.GetNamespace())...) != nil {
		return requests
	}
	_ = meta.EachListItem(list, func(item runtime.Object) error {
		object, _ := item.(client.Object)
		state, err := batch.ParseState(object.GetAnnotations()[rollout.StateAnnotation])
		if err == nil && slices.Contains(state.Services, service.GetName()) {
			add(object.GetName())
		}
		return nil
	})
	return requests
}

// holdersOfSlice finds the rollouts that hold an EndpointSlice's Service.
func (b batches) holdersOfSlice(ctx context.Context, slice client.Object) []reconcile.Request {
	return b.holders(ctx, serviceOf(slice))
}

// apply writes the next state where it differs; where it does not, it makes the
// world keep the promise of the state that is already there, and then takes pods.
// It reports whether there is something to tell.
func (b batches) apply(ctx context.Context, w *batchWorld, decision batch.Decision) (bool, error) {
	next := decision.State
	if !next.Equal(w.snapshot.State) {
		next.Log = b.ledger.Note(ctx, w.object, told(w.snapshot.State), told(next))
		return true, b.writeBatch(ctx, w.object, next)
	}
	if !next.InFlight() {
		return false, b.releaseBatches(ctx, client.ObjectKeyFromObject(w.object))
	}
	if !w.snapshot.Rendered { // the webhook was not called: ask it again
		return false, b.writeBatch(ctx, w.object, next)
	}
	for _, service := range w.services {
		if narrowed(service, w.narrow) || another(service, b.narrow(w.object)) != "" {
			continue
		}
		if err := b.annotateService(ctx, service, w.narrow); err != nil {
			return false, err
		}
	}
	return b.take(ctx, w, decision.Delete)
}

// writeBatch writes the state annotation; admission renders the rest.
func (b batches) writeBatch(ctx context.Context, object client.Object, state batch.State) error {
	return b.annotate(ctx, object, rollout.StateAnnotation, state.String(), state.InFlight())
}

// take deletes pods, while the workload still carries the state that says so: a
// rollout that has turned back takes no old pod.
func (b batches) take(ctx context.Context, w *batchWorld, pods []batch.Pod) (bool, error) {
	if len(pods) == 0 {
		return false, nil
	}
	now := &metav1.PartialObjectMetadata{TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: b.kind}}
	if err := b.live.Get(ctx, client.ObjectKeyFromObject(w.object), now); err != nil {
		return false, client.IgnoreNotFound(err)
	}
	state, err := batch.ParseState(now.Annotations[rollout.StateAnnotation])
	if err != nil || now.UID != w.object.GetUID() || !state.Equal(w.snapshot.State) {
		return false, err // the cache will show it, and that is looked at
	}
	for _, pod := range pods {
		uid := types.UID(pod.UID)
		gone := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: w.object.GetNamespace(), Name: pod.Name}}
		err := b.client.Delete(ctx, gone, client.Preconditions{UID: &uid})
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) { // it is another pod by now
			return false, fmt.Errorf("cannot delete Pod %q: %w", pod.Name, err)
		}
	}
	return true, nil
}
