// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/evenkeel-dev/evenkeel/traffic/archive"
	"github.com/evenkeel-dev/evenkeel/traffic/diagnosis/live"
	"github.com/evenkeel-dev/evenkeel/traffic/guard"
	"github.com/evenkeel-dev/evenkeel/traffic/notify/message"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
	"github.com/evenkeel-dev/evenkeel/traffic/route/kinds"
	"github.com/evenkeel-dev/evenkeel/traffic/traced"
)

// Options are what the controller is made of.
type Options struct {
	// Concurrency is how many rollouts are looked at at once; 0 means 16. Each
	// mostly waits for its writes to be answered.
	Concurrency int
	// Kinds are the kinds of routes that the cluster has; nil: all.
	Kinds []route.Kind
	// Metrics counts; nil counts nothing.
	Metrics *Metrics
	// Tell tells of rollouts outside the cluster, without waiting; nil tells nobody.
	Tell func(message.Message)
	// Tracer makes a span of each look at a rollout; nil makes none.
	Tracer trace.Tracer
	// Ledger keeps the records of releases; nil keeps none.
	Ledger *archive.Keeper
	// Guard closes the way forward; nil closes nothing.
	Guard *guard.Rails
	// Evidence measures what steps wait for; nil measures nothing.
	Evidence Evidence
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Evidence measures canaries, off the reconcile loop.
type Evidence interface {
	// Of takes what a rollout wants to know now, and gives the newest measurements.
	// The name of a StatefulSet's key, or a DaemonSet's, has the kind before it.
	Of(key types.NamespacedName, state rollout.State) map[string]rollout.Measurement
	// Wake names the workloads of a kind about which there is a new one.
	Wake(kind string) <-chan event.GenericEvent
}

// Reconciler takes rollouts in flight one step further.
type Reconciler struct {
	client client.Client // reads come from the cache
	live   client.Reader // past the cache
	record recorder
	kinds  []route.Kind
	counts *Metrics
	tracer trace.Tracer
	ledger *archive.Keeper
	guard  *guard.Rails
	// evidence is nil where nothing is measured.
	evidence Evidence
	now      func() time.Time
	// written are the states that the cache may not show yet.
	written written
	ice     ice
}

// SetupWithManager adds the controller to a manager; it runs on the leader alone.
func SetupWithManager(mgr ctrl.Manager, o Options) error {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Concurrency == 0 {
		o.Concurrency = 16
	}
	if o.Kinds == nil {
		o.Kinds = route.Kinds()
	}
	r := &Reconciler{
		client: mgr.GetClient(), live: mgr.GetAPIReader(), record: recorder{events: mgr.GetEventRecorder("evenkeel"), outside: o.Tell, now: o.Now},
		kinds: o.Kinds, counts: o.Metrics, tracer: o.Tracer, ledger: o.Ledger, guard: o.Guard, evidence: o.Evidence, now: o.Now,
	}
	b := ctrl.NewControllerManagedBy(mgr).Named("rollout").
		For(&appsv1.Deployment{}, builder.WithPredicates(hadState)).
		Owns(&appsv1.ReplicaSet{}).
		Watches(&corev1.Service{}, handler.EnqueueRequestsFromMapFunc(r.holders)).
		Watches(&discoveryv1.EndpointSlice{}, handler.EnqueueRequestsFromMapFunc(r.holdersOfSlice)).
		WithOptions(looks(o.Concurrency))
	if o.Evidence != nil {
		b = b.WatchesRawSource(source.Channel(o.Evidence.Wake(deployment), &handler.EnqueueRequestForObject{}))
	}
	if woken := o.Guard.Woken(deployment); woken != nil {
		b = b.WatchesRawSource(woken)
	}
	for _, kind := range o.Kinds {
		b = b.Watches(kinds.Blank(kind), handler.EnqueueRequestsFromMapFunc(r.holders))
	}
	if err := b.Complete(traced.Reconciler(o.Tracer, "Deployment", r)); err != nil {
		return fmt.Errorf("cannot set up the rollout controller: %w", err)
	}
	if err := r.setUpBatches(mgr, o.Concurrency); err != nil {
		return err
	}
	return r.setUpByHand(mgr)
}

// Reconcile looks at one Deployment, decides at most one thing about it, and keeps
// the promise of the state that it then has.
func (r *Reconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	id := guard.At(deployment, request.NamespacedName)
	var deployment appsv1.Deployment
	err := r.client.Get(ctx, request.NamespacedName, &deployment)
	switch {
	case apierrors.IsNotFound(err) || (err == nil && !hasState(&deployment)): // gone, or made anew
		r.left(id)
		r.counts.saw(request.NamespacedName, rollout.State{})
		r.measured(request.NamespacedName, rollout.State{})
		r.written.forget(request.NamespacedName)
		r.ledger.Forget(request.NamespacedName)
		return released(r.release(ctx, request.NamespacedName))
	case err != nil:
		return reconcile.Result{}, fmt.Errorf("cannot get Deployment %s: %w", request, err)
	case deployment.DeletionTimestamp != nil:
		r.left(id)
		r.measured(request.NamespacedName, rollout.State{})
		return released(r.withdraw(ctx, &deployment))
	}
	state, err := rollout.ParseState(deployment.Annotations[rollout.StateAnnotation])
	if err != nil {
		r.freeze(id, request.NamespacedName, &deployment, err)
		return reconcile.Result{}, nil
	}
	r.ice.melt(id)
	if r.written.ahead(&deployment, r.now()) { // what was written comes with an event of its own
		return reconcile.Result{RequeueAfter: time.Second}, nil
	}
	world, err := r.observeIn(ctx, &deployment, state)
	if err != nil {
		return reconcile.Result{}, err
	}
	verdict, err := r.guard.Look(ctx, &deployment, id, guard.Of(state), r.now())
	if err != nil {
		return reconcile.Result{}, err
	}
	world.snapshot.Closed, world.snapshot.Hasty = verdict.Closed, verdict.Hasty
	world.snapshot.Measurements = r.measured(request.NamespacedName, state)
	decision := rollout.Decide(world.snapshot, r.now())
	if decision.TurnsBack(state) {
		decision = decision.Because(live.Of(request.Namespace, "Deployment", request.Name, state.Canary).Unwell(ctx, r.live))
	}
	r.counts.saw(request.NamespacedName, world.snapshot.State)
	changed, err := r.apply(ctx, world, decision.State)
	if changed {
		r.record.tell(&deployment, decision.Event, decision.State.Phase)
		if state.Passes(decision.State) {
			r.guard.Passed(&deployment, verdict, state.OverrideBy, state.Hurried(r.now()))
		}
	}
	if apierrors.IsConflict(err) {
		return reconcile.Result{RequeueAfter: 50 * time.Millisecond}, nil
	}
	if err != nil {
		return reconcile.Result{}, err
	}
	return reconcile.Result{RequeueAfter: verdict.Sooner(decision.After)}, nil
}

// measured is what is known about a rollout's canary.
func (r *Reconciler) measured(key types.NamespacedName, state rollout.State) map[string]rollout.Measurement {
	if r.evidence == nil {
		return nil
	}
	return r.evidence.Of(key, state)
}

// released looks again at once where somebody else wrote to what is given back.
func released(err error) (reconcile.Result, error) {
	if apierrors.IsConflict(err) {
		return reconcile.Result{RequeueAfter: 50 * time.Millisecond}, nil
	}
	return reconcile.Result{}, client.IgnoreNotFound(err)
}

// hasState tells a Deployment that is, or was, released with a strategy.
func hasState(o client.Object) bool { return o.GetAnnotations()[rollout.StateAnnotation] != "" }

// hadState lets through what carries a state, or did before: one that was made anew
// while nobody looked is an update without it.
var hadState = predicate.Funcs{
	CreateFunc:  func(e event.CreateEvent) bool { return hasState(e.Object) },
	UpdateFunc:  func(e event.UpdateEvent) bool { return hasState(e.ObjectOld) || hasState(e.ObjectNew) },
	DeleteFunc:  func(e event.DeleteEvent) bool { return hasState(e.Object) },
	GenericFunc: func(e event.GenericEvent) bool { return hasState(e.Object) },
}

// holders finds the Deployments whose rollouts hold a Service or a route: those
// in flight that name it, and those that it names itself, which may be gone.
func (r *Reconciler) holders(ctx context.Context, o client.Object) []reconcile.Request {
	names := named(o)
	var list appsv1.DeploymentList
	if err := r.client.List(ctx, &list, client.InNamespace(o.GetNamespace()), client.HasLabels{rollout.InFlightLabel}, client.UnsafeDisableDeepCopy); err == nil { // only looked at
		for i := range list.Items {
			if d := &list.Items[i]; mayConcern(d, o) && concerns(d, o) && !slices.Contains(names, d.Name) {
				names = append(names, d.Name)
			}
		}
	}
	requests := make([]reconcile.Request, len(names))
	for i, name := range names {
		requests[i] = reconcile.Request{NamespacedName: types.NamespacedName{Namespace: o.GetNamespace(), Name: name}}
	}
	return requests
}

// named lists the Deployments that an object's own marks name.
func named(o client.Object) []string {
	var names []string
	text := o.GetAnnotations()[route.SplitAnnotation]
	if narrow, err := route.ParseNarrow(text); err == nil && narrow.Deployment != "" {
		names = append(names, narrow.Deployment)
	}
	if split, err := route.Parse(text); err == nil {
		for _, share := range split.Shares {
			if share.Deployment != "" {
				names = append(names, share.Deployment)
			}
		}
	}
	return names
}

// mayConcern rules out most of what concerns does not hold for, without reading a
// state: none that holds an object lacks its name, or of what is made for a Service's
// canary the last word before the suffix.
func mayConcern(d *appsv1.Deployment, o client.Object) bool {
	name, forCanary := strings.CutSuffix(o.GetName(), route.CanarySuffix)
	if forCanary {
		name = name[strings.LastIndex(name, "-")+1:]
	}
	return strings.Contains(d.Annotations[rollout.StateAnnotation], name) || metav1.IsControlledBy(o, d)
}

// concerns tells whether a rollout in flight has to do with an object.
func concerns(d *appsv1.Deployment, o client.Object) bool {
	state, err := rollout.ParseState(d.Annotations[rollout.StateAnnotation])
	if err != nil {
		return false
	}
	if metav1.IsControlledBy(o, d) {
		return true
	}
	if slices.ContainsFunc(state.Services, func(name string) bool {
		return o.GetName() == name || o.GetName() == name+route.CanarySuffix || strings.HasSuffix(o.GetName(), "-"+name+route.CanarySuffix)
	}) {
		return true
	}
	return slices.ContainsFunc(state.Routes, func(text string) bool {
		ref, err := route.ParseRef(text)
		return err == nil && ref.Name == o.GetName()
	})
}

// holdersOfSlice finds the rollouts that hold an EndpointSlice's Service.
func (r *Reconciler) holdersOfSlice(ctx context.Context, o client.Object) []reconcile.Request {
	return r.holders(ctx, serviceOf(o))
}

// serviceOf names the Service of an EndpointSlice.
func serviceOf(slice client.Object) *corev1.Service {
	service := &corev1.Service{}
	service.Namespace, service.Name = slice.GetNamespace(), slice.GetLabels()[discoveryv1.LabelServiceName]
	return service
}
