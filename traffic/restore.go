// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

const (
	// atOnce is how many rollouts are restored side by side.
	atOnce = 16
	// look is the longest time between two looks at a rollout.
	look = time.Second
	// deployment is the kind whose rollouts are not in batches alone.
	deployment = "Deployment"
	// reasonRestored is told on the workload.
	reasonRestored = "everything in flight was restored"
)

// ErrNotOurs tells that a manager guards the state against whoever restores: it
// has to be asked.
var ErrNotOurs = errors.New("a manager keeps the state")

// Flight is a workload with the label of a rollout in flight.
type Flight struct {
	// Object is a Deployment, a StatefulSet or a DaemonSet, of which only the
	// metadata are there.
	Object *metav1.PartialObjectMetadata
}

// Flights lists what is in flight in a namespace, in all where it is empty.
func Flights(ctx context.Context, c client.Reader, namespace string) ([]Flight, error) {
	var flights []Flight
	for _, kind := range append([]string{deployment}, batchKinds()...) {
		list := metav1.PartialObjectMetadataList{TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: kind + "List"}}
		if err := c.List(ctx, &list, inFlightIn(namespace)...); err != nil {
			return nil, fmt.Errorf("cannot list %ss: %w", kind, err)
		}
		for i := range list.Items {
			list.Items[i].TypeMeta = metav1.TypeMeta{APIVersion: "apps/v1", Kind: kind}
			flights = append(flights, Flight{&list.Items[i]})
		}
	}
	return flights, nil
}

// Key names the workload for a person: a Deployment's key, or its kind and name.
func (f Flight) Key() client.ObjectKey {
	key := client.ObjectKeyFromObject(f.Object)
	if f.Object.Kind != deployment {
		key.Name = f.Object.Kind + "/" + key.Name
	}
	return key
}

// State is what the workload says of its rollout; of one in batches it is what
// such a rollout has in common with a Deployment's.
func (f Flight) State() (rollout.State, error) {
	text := f.Object.Annotations[rollout.StateAnnotation]
	if f.Object.Kind == deployment {
		return rollout.ParseState(text)
	}
	state, err := batch.ParseState(text)
	return told(state), err
}

// Restore takes rollouts in flight back to stable, with the managers or without
// them: it walks through the very stages that they do, from wherever they stand.
type Restore struct {
	// Client reads the cluster itself, and renders what it writes where nobody
	// else does.
	Client client.Client
	// Kinds are the kinds of routes that the cluster has; nil: all.
	Kinds []route.Kind
	// Tell is called with each rollout, by its Flight's Key, and what it waits
	// for, whenever that is new; from several goroutines.
	Tell func(key client.ObjectKey, state rollout.State)
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// All restores the rollouts of a namespace, of all where it is empty, or those of
// that name, and gives back what workloads that are gone, or were made anew, left
// narrowed and divided. It returns when all have ended, or with what kept some of
// them: among that ErrNotOurs and ErrUnable.
func (r *Restore) All(ctx context.Context, namespace, name string) error {
	flights, err := Flights(ctx, r.Client, namespace)
	if err != nil {
		return err
	}
	var (
		all    sync.WaitGroup
		mu     sync.Mutex
		failed []error
		turns  = make(chan struct{}, atOnce)
	)
	for _, flight := range flights {
		if name != "" && flight.Object.Name != name {
			continue
		}
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			if err := r.one(ctx, flight); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = append(failed, fmt.Errorf("cannot restore %s %s: %w", flight.Object.Kind, client.ObjectKeyFromObject(flight.Object), err))
			}
		})
	}
	all.Wait()
	return errors.Join(append(failed, r.reconciler().releaseLost(ctx, namespace, name))...)
}

// one walks a rollout back until it has ended.
func (r *Restore) one(ctx context.Context, flight Flight) error {
	reconciler := r.reconciler()
	step := r.step
	if flight.Object.Kind != deployment {
		step = r.stepBatches
	}
	last := ""
	for {
		state, after, err := step(ctx, reconciler, flight)
		switch {
		case apierrors.IsConflict(err):
			after = 0 // somebody else wrote in between: look again
		case err != nil:
			return err
		case last != state.String():
			last = state.String()
			r.tell(flight.Key(), state)
		}
		if err == nil && !state.InFlight() {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w; it waited until %s", context.Cause(ctx), state.Wait)
		case <-time.After(min(max(after, 100*time.Millisecond), look)):
		}
	}
}

// reconciler is what takes each step.
func (r *Restore) reconciler() *Reconciler {
	reconciler := &Reconciler{client: r.Client, live: r.Client, kinds: r.Kinds, now: r.clock()}
	if reconciler.kinds == nil {
		reconciler.kinds = route.Kinds()
	}
	return reconciler
}

// step goes one step back, or on where there is no way back any more.
func (r *Restore) step(ctx context.Context, reconciler *Reconciler, flight Flight) (rollout.State, time.Duration, error) {
	var d appsv1.Deployment
	key := client.ObjectKeyFromObject(flight.Object)
	if err := r.Client.Get(ctx, key, &d); err != nil {
		if apierrors.IsNotFound(err) {
			return rollout.State{}, 0, reconciler.release(ctx, key)
		}
		return rollout.State{}, 0, err
	}
	fresh := Flight{&metav1.PartialObjectMetadata{TypeMeta: flight.Object.TypeMeta, ObjectMeta: d.ObjectMeta}}
	if err := fresh.Unable(ctx, r.Client); err != nil {
		return rollout.State{}, 0, err
	}
	w, err := reconciler.observe(ctx, &d)
	if err != nil {
		return rollout.State{}, 0, err
	}
	state := w.snapshot.State
	if state.Reversible() {
		next := rollout.RollBack(state, reasonRestored, reconciler.now())
		if _, err := reconciler.writeState(ctx, &d, next); err != nil {
			return state, 0, err
		}
		return next, 0, r.taken(ctx, flight, next)
	}
	decision := rollout.Decide(w.snapshot, reconciler.now())
	_, err = reconciler.apply(ctx, w, decision.State)
	return decision.State, decision.After, err
}

// stepBatches is step for what changes in batches.
func (r *Restore) stepBatches(ctx context.Context, reconciler *Reconciler, flight Flight) (rollout.State, time.Duration, error) {
	b := batches{Reconciler: reconciler, kind: flight.Object.Kind}
	key, object := client.ObjectKeyFromObject(flight.Object), b.object()
	if err := r.Client.Get(ctx, key, object); err != nil {
		if apierrors.IsNotFound(err) {
			return rollout.State{}, 0, b.releaseBatches(ctx, key)
		}
		return rollout.State{}, 0, err
	}
	if err := flight.Unable(ctx, r.Client); err != nil {
		return rollout.State{}, 0, err
	}
	w, err := b.observe(ctx, object)
	if err != nil {
		return rollout.State{}, 0, err
	}
	state := w.snapshot.State
	if state.Reversible() {
		next := batch.RollBack(state, reasonRestored, b.now())
		if err := b.writeBatch(ctx, object, next); err != nil {
			return told(state), 0, err
		}
		return told(next), 0, r.taken(ctx, flight, told(next))
	}
	decision := batch.Decide(w.snapshot, b.now())
	_, err = b.apply(ctx, w, decision)
	return told(decision.State), sooner(decision.After, w.soon), err
}

// taken tells whether a state was taken as it was written.
func (r *Restore) taken(ctx context.Context, flight Flight, want rollout.State) error {
	now := Flight{&metav1.PartialObjectMetadata{TypeMeta: flight.Object.TypeMeta}}
	if err := r.Client.Get(ctx, client.ObjectKeyFromObject(flight.Object), now.Object); err != nil {
		return err
	}
	now.Object.TypeMeta = flight.Object.TypeMeta
	if state, err := now.State(); err != nil || state.Phase != want.Phase {
		return ErrNotOurs
	}
	return nil
}

func (r *Restore) tell(key client.ObjectKey, state rollout.State) {
	if r.Tell != nil {
		r.Tell(key, state)
	}
}

func (r *Restore) clock() func() time.Time {
	if r.Now == nil {
		return time.Now
	}
	return r.Now
}
