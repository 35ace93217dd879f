// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/evenkeel-dev/evenkeel/traffic/analysis"
	"github.com/evenkeel-dev/evenkeel/traffic/analysis/provider"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

const (
	// atOnce bounds how many questions are asked at the same time.
	atOnce = 16
	// longest bounds one measurement, with all that it asks again.
	longest = 2 * time.Minute
)

// Options are what a Runner is made of.
type Options struct {
	Provider provider.Provider
	// Specs are the analyses of the policy in force.
	Specs func() map[string]analysis.Spec
	// Metrics counts; nil counts nothing.
	Metrics *Metrics
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Runner asks each question that a rollout wants at its interval, and keeps the
// newest answer. It may be used from many goroutines.
type Runner struct {
	provider provider.Provider
	specs    func() map[string]analysis.Spec
	now      func() time.Time
	counts   *Metrics
	wake     map[string]chan event.GenericEvent // by kind
	changed  chan struct{}                      // something is wanted, or a measurement has ended
	slots    chan struct{}

	mu     sync.Mutex
	wanted map[types.NamespacedName]map[string]*task
}

// task is one analysis of one rollout that is wanted.
type task struct {
	question analysis.Question
	interval time.Duration
	// started is when it was asked last, busy while it is.
	started time.Time
	busy    bool
	last    rollout.Measurement
}

// New gives a Runner, which measures from Start on.
func New(o Options) *Runner {
	r := &Runner{
		provider: o.Provider, specs: o.Specs, now: o.Now, wanted: map[types.NamespacedName]map[string]*task{},
		wake: map[string]chan event.GenericEvent{}, changed: make(chan struct{}, 1), slots: make(chan struct{}, atOnce),
		counts: o.Metrics,
	}
	if r.now == nil {
		r.now = time.Now
	}
	for _, kind := range []string{analysis.Deployment, analysis.StatefulSet, analysis.DaemonSet} {
		r.wake[kind] = make(chan event.GenericEvent)
	}
	r.counts.of(r.specs)
	return r
}

// Wake names the workloads of a kind about which there is a new measurement.
func (r *Runner) Wake(kind string) <-chan event.GenericEvent { return r.wake[kind] }

// workload is the kind and the name in a key: of a Deployment the name alone.
func workload(key types.NamespacedName) (kind, name string) {
	if kind, name, named := strings.Cut(key.Name, "/"); named {
		return kind, name
	}
	return analysis.Deployment, key.Name
}

// NeedLeaderElection tells that the leader alone measures.
func (r *Runner) NeedLeaderElection() bool { return true }

// Of takes what a rollout wants to know now, which is nothing where it is not in
// flight, and gives the newest measurement of each of its analyses.
func (r *Runner) Of(key types.NamespacedName, state rollout.State) map[string]rollout.Measurement {
	specs := r.specs()
	kind, name := workload(key)
	r.mu.Lock()
	defer r.mu.Unlock()
	before, now, out := r.wanted[key], map[string]*task{}, map[string]rollout.Measurement{}
	for _, a := range state.Measured() {
		q := analysis.Question{Namespace: key.Namespace, Kind: kind, Deployment: name, State: state, Since: state.Since}
		q.Spec = specs[a.Name] // without a provider where the policy has it no more
		one := before[a.Name]
		if one == nil || one.question.State.Canary != state.Canary {
			one = &task{}
		}
		one.question, one.interval = q, max(time.Duration(a.Interval), time.Second)
		now[a.Name] = one
		if !one.last.At.IsZero() {
			out[a.Name] = one.last
		}
	}
	if len(now) == 0 {
		delete(r.wanted, key)
		return nil
	}
	r.wanted[key] = now
	r.look()
	return out
}

// look has the loop look again.
func (r *Runner) look() {
	select {
	case r.changed <- struct{}{}:
	default: // it will
	}
}

// Start measures until the context ends, and returns when the last measurement has.
func (r *Runner) Start(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.changed:
		case <-timer.C:
		}
		timer.Reset(r.startDue(ctx, &running))
	}
}

// startDue starts what is due, as far as there is room, and tells when to look again.
func (r *Runner) startDue(ctx context.Context, running *sync.WaitGroup) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := time.Hour
	for key, tasks := range r.wanted {
		for _, one := range tasks {
			if one.busy {
				continue
			}
			now := r.now()
			if left := one.due().Sub(now); left > 0 {
				next = min(next, left)
				continue
			}
			select {
			case r.slots <- struct{}{}:
			default: // whoever ends looks again
				return next
			}
			one.busy, one.started = true, now
			q := one.question
			q.At = now
			running.Go(func() { r.measure(ctx, key, one, q) })
		}
	}
	return next
}

// due is when a task is to be asked next: an interval after the weight was
// accepted, or after it was asked last.
func (t *task) due() time.Time {
	from := t.question.Since
	if t.started.After(from) {
		from = t.started
	}
	return from.Add(t.interval)
}

// measure asks once, keeps the answer, and wakes the rollout.
func (r *Runner) measure(ctx context.Context, key types.NamespacedName, one *task, q analysis.Question) {
	measured := r.ask(ctx, q)
	r.mu.Lock()
	one.busy, one.last = false, measured
	r.mu.Unlock()
	<-r.slots
	r.look()
	object := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: q.Deployment}}
	select {
	case r.wake[q.Kind] <- event.GenericEvent{Object: object}:
	case <-ctx.Done():
	}
}

func (r *Runner) ask(ctx context.Context, q analysis.Question) rollout.Measurement {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	out := rollout.Measurement{At: q.At}
	if q.Spec.Name == "" {
		out.Verdict, out.Says = rollout.Inconclusive, "the policy does not have this analysis any more"
		return out
	}
	reading, err := r.provider.Measure(ctx, q)
	if err != nil {
		out.Verdict, out.Says = analysis.Unknown(err)
	} else {
		out.Verdict, out.Says = analysis.Judge(q, reading)
	}
	r.counts.saw(q.Spec, out.Verdict)
	return out
}
