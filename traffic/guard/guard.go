// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// patience is how long a change of the policy may take to be seen by those that
// wait.
const patience = time.Minute

// Policies hold the policy in force.
type Policies interface {
	Current() *policy.Set
}

// Rails are what stands beside the way of all rollouts. A nil Rails closes nothing.
type Rails struct {
	reader   client.Reader // reads come from the cache
	policies Policies
	events   events.EventRecorder
	counts   *Metrics

	mu     sync.Mutex
	filled bool
	seats  map[ID]seat
	woken  map[string]wake // by kind
}

// New makes Rails.
func New(reader client.Reader, policies Policies, recorder events.EventRecorder, counts *Metrics) *Rails {
	return &Rails{reader: reader, policies: policies, events: recorder, counts: counts, seats: map[ID]seat{}, woken: wakes()}
}

// Verdict is what the rails say to a rollout now.
type Verdict struct {
	// Closed is what closes its way forward.
	Closed rollout.Closed
	// Hasty tells that an emergency lifts the least time of a step.
	Hasty bool
	// passed are the guards that would have closed it, were it not for override.
	passed   []string
	override policy.Override
}

// Flight is what the rails look at of a rollout.
type Flight struct {
	Phase rollout.Phase
	// Since is when the stage was entered.
	Since time.Time
	// Held tells that a person holds it, Closed that its state says what closes its
	// way; Rolling, that it has no gate.
	Held, Closed, Rolling bool
}

// Look tells what closes a rollout's way forward, and gives it a place where it
// needs one and there is one.
func (r *Rails) Look(ctx context.Context, object client.Object, id ID, flight Flight, now time.Time) (Verdict, error) {
	if r == nil {
		return Verdict{}, nil
	}
	if !flight.Phase.InFlight() || flight.Rolling {
		r.Left(id)
		return Verdict{}, nil
	}
	set := r.policies.Current()
	p, err := r.resolve(ctx, set, object)
	if err != nil {
		return Verdict{}, err
	}
	if err := r.fill(ctx); err != nil {
		return Verdict{}, err
	}
	v := Verdict{override: p.Emergency.Override(object.GetAnnotations()[policy.OverrideAnnotation], now)}
	v.Hasty = v.override.Lets(policy.GuardMinStep, now)
	closed, passed := p.Rollout.Look(v.override, now)
	v.Closed = rollout.Closed{Why: closed.Why, Until: closed.Until}
	if passed != "" {
		v.passed = append(v.passed, passed)
	}
	r.sit(id, flight, set.Budget, &v, v.override.Lets(policy.GuardBudget, now))
	return v, nil
}

// resolve gives the policy of a workload.
func (r *Rails) resolve(ctx context.Context, set *policy.Set, object client.Object) (policy.Policy, error) {
	var labels map[string]string
	if set.NeedsNamespaceLabels() {
		var namespace corev1.Namespace
		err := r.reader.Get(ctx, client.ObjectKey{Name: object.GetNamespace()}, &namespace)
		if client.IgnoreNotFound(err) != nil {
			return policy.Policy{}, fmt.Errorf("cannot get Namespace %q: %w", object.GetNamespace(), err)
		}
		if labels = namespace.Labels; apierrors.IsNotFound(err) { // younger than the cache
			labels = map[string]string{corev1.LabelMetadataName: object.GetNamespace()}
		}
	}
	return set.Resolve(object.GetNamespace(), labels, object.GetLabels()), nil
}

// sit gives a rollout a place, or makes it wait for one. One that waits for
// something else first needs none yet, and gives back what it has once its state
// says so: what a cache shows that lags may be past its gate.
func (r *Rails) sit(id ID, flight Flight, budget policy.Budget, v *Verdict, forced bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.seats[id]
	now := seat{since: flight.Since, has: before.has, forced: before.forced}
	switch now.asks = v.Closed.Why == "" && !flight.Held; {
	case flight.Phase != rollout.Preparing:
		now.has, now.forced = true, false
	case !now.asks && (flight.Closed || flight.Held):
		now.has, now.forced = false, false
	}
	r.seats[id] = now
	if now.asks && !now.has {
		_, waits := seating(r.seats, budget)
		why := waits[id]
		if now.has, now.forced = why == "" || forced, why != "" && forced; !now.has {
			v.Closed = rollout.Closed{Why: why}
		}
		r.seats[id] = now
	}
	if now.forced {
		v.passed = append(v.passed, policy.GuardBudget)
	}
	if (before.has && !now.has) || (before.asks && !now.asks) {
		r.wakeNext(budget)
	}
}

// Left takes a rollout that has ended, or is gone, off its place.
func (r *Rails) Left(id ID) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, sat := r.seats[id]; !sat {
		return
	}
	delete(r.seats, id)
	r.wakeNext(r.policies.Current().Budget)
}

// Sooner is when to look again: what waits sees a change of the policy.
func (v Verdict) Sooner(after time.Duration) time.Duration {
	if v.Closed.Why == "" || (after > 0 && after < patience) {
		return after
	}
	return patience
}

// Passed reports a rollout that went forward by an override where it would have
// waited; by is who wrote that, where it is known.
func (r *Rails) Passed(object client.Object, v Verdict, by string, hurried bool) {
	guards := v.passed
	if v.Hasty && hurried {
		guards = append(guards, policy.GuardMinStep)
	}
	if r == nil || len(guards) == 0 {
		return
	}
	for _, name := range guards {
		r.counts.passed.WithLabelValues(name).Inc()
	}
	if by == "" {
		by = "unknown here; the audit log knows"
	}
	r.events.Eventf(object, nil, corev1.EventTypeWarning, "GuardOverridden", "Override", "%s overridden until %s: %s (by: %s)",
		strings.Join(guards, ", "), v.override.Until.UTC().Format(time.RFC3339), v.override.Reason, by)
}
