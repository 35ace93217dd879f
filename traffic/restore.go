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
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

const (
	// atOnce is how many rollouts are restored side by side.
	atOnce = 16
	// look is the longest time between two looks at a rollout.
	look = time.Second
	// reasonRestored is told on the Deployment.
	reasonRestored = "everything in flight was restored"
)

// ErrNotOurs tells that a manager guards the state against whoever restores: it
// has to be asked.
var ErrNotOurs = errors.New("a manager keeps the state")

// Restore takes rollouts in flight back to stable, with the managers or without
// them: it walks through the very stages that they do, from wherever they stand.
type Restore struct {
	// Client reads the cluster itself, and renders what it writes where nobody
	// else does.
	Client client.Client
	// Kinds are the kinds of routes that the cluster has; nil: all.
	Kinds []route.Kind
	// Tell is called with each rollout and what it waits for, whenever that is
	// new; from several goroutines.
	Tell func(d client.ObjectKey, state rollout.State)
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// All restores the rollouts of a namespace, of all where it is empty, or the one
// of that name. It returns when they have ended, or with what kept some of them:
// among that ErrNotOurs and ErrUnable.
func (r *Restore) All(ctx context.Context, namespace, name string) error {
	var list appsv1.DeploymentList
	if err := r.Client.List(ctx, &list, client.InNamespace(namespace), client.HasLabels{rollout.InFlightLabel}); err != nil {
		return fmt.Errorf("cannot list Deployments: %w", err)
	}
	var (
		all    sync.WaitGroup
		mu     sync.Mutex
		failed []error
		turns  = make(chan struct{}, atOnce)
	)
	for i := range list.Items {
		key := client.ObjectKeyFromObject(&list.Items[i])
		if name != "" && key.Name != name {
			continue
		}
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			if err := r.one(ctx, key); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = append(failed, fmt.Errorf("cannot restore Deployment %s: %w", key, err))
			}
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// one walks a rollout back until it has ended.
func (r *Restore) one(ctx context.Context, key client.ObjectKey) error {
	reconciler := &Reconciler{client: r.Client, kinds: r.Kinds, now: r.clock()}
	if reconciler.kinds == nil {
		reconciler.kinds = route.Kinds()
	}
	told := ""
	for {
		state, after, err := r.step(ctx, reconciler, key)
		switch {
		case apierrors.IsConflict(err):
			after = 0 // somebody else wrote in between: look again
		case err != nil:
			return err
		case told != state.String():
			told = state.String()
			r.tell(key, state)
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

// step goes one step back, or on where there is no way back any more.
func (r *Restore) step(ctx context.Context, reconciler *Reconciler, key client.ObjectKey) (rollout.State, time.Duration, error) {
	var d appsv1.Deployment
	if err := r.Client.Get(ctx, key, &d); err != nil {
		if apierrors.IsNotFound(err) {
			return rollout.State{}, 0, reconciler.release(ctx, key)
		}
		return rollout.State{}, 0, err
	}
	if err := Unable(ctx, r.Client, &d); err != nil {
		return rollout.State{}, 0, err
	}
	w, err := reconciler.observe(ctx, &d)
	if err != nil {
		return rollout.State{}, 0, err
	}
	state := w.snapshot.State
	if state.Reversible() {
		next := rollout.RollBack(state, reasonRestored, reconciler.now())
		if err := reconciler.writeState(ctx, &d, next); err != nil {
			return state, 0, err
		}
		return next, 0, r.taken(ctx, key, next)
	}
	decision := rollout.Decide(w.snapshot, reconciler.now())
	_, err = reconciler.apply(ctx, w, decision.State)
	return decision.State, decision.After, err
}

// taken tells whether a state was taken as it was written.
func (r *Restore) taken(ctx context.Context, key client.ObjectKey, want rollout.State) error {
	var d appsv1.Deployment
	if err := r.Client.Get(ctx, key, &d); err != nil {
		return err
	}
	if state, err := rollout.ParseState(d.Annotations[rollout.StateAnnotation]); err != nil || state.Phase != want.Phase {
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
