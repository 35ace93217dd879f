// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/cmd/command"
	"github.com/evenkeel-dev/evenkeel/traffic/forecast"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/webhook/offline"
)

// Outcome is what applying a Deployment comes to.
type Outcome string

// The outcomes.
const (
	Refused   Outcome = "Refused"   // admission says no
	Created   Outcome = "Created"   // there was none; the stops are those of the next change
	Starts    Outcome = "Starts"    // a release starts
	GoesBack  Outcome = "GoesBack"  // the release in flight goes back
	GoesOn    Outcome = "GoesOn"    // the release in flight goes on as it is
	Plain     Outcome = "Plain"     // the stock controller rolls by itself
	Unchanged Outcome = "Unchanged" // the pods stay as they are
)

// Explanation is what happens when a Deployment is applied.
type Explanation struct {
	Namespace string  `json:"namespace"`
	Name      string  `json:"name"`
	Outcome   Outcome `json:"outcome"`
	Replicas  int32   `json:"replicas"`
	// Message is that of a refusal.
	Message string `json:"message,omitempty"`
	// Warnings are admission's, word for word.
	Warnings []string `json:"warnings,omitempty"`
	Strategy string   `json:"strategy,omitempty"`
	Steps    string   `json:"steps,omitempty"`
	Capacity string   `json:"capacity,omitempty"`
	// Held tells that spec.paused holds the release from its beginning.
	Held bool `json:"held,omitempty"`
	// Stops are where the release stays, at the earliest.
	Stops []forecast.Stop `json:"stops,omitempty"`
	// Notes say what was not known.
	Notes []string `json:"notes,omitempty"`
}

// Of explains one Deployment, as kubectl apply sends it, over what runs (nil:
// nothing).
func Of(ctx context.Context, w *World, incoming, live *appsv1.Deployment, now time.Time) (Explanation, error) {
	e := Explanation{Namespace: incoming.Namespace, Name: incoming.Name}
	kept(incoming, live)
	e.Replicas = ptr.Deref(incoming.Spec.Replicas, 1)
	answer, after, err := w.ask(ctx, incoming, live, now)
	if err != nil {
		return e, err
	}
	e.Message, e.Warnings = answer.Message, answer.Warnings
	switch {
	case !answer.Allowed:
		e.Outcome = Refused
		return e, nil
	case live == nil:
		e.Outcome = Created
		return e, e.next(ctx, w, after, now)
	}
	state, err := rollout.ParseState(after.Annotations[rollout.StateAnnotation])
	if err != nil {
		return e, fmt.Errorf("cannot tell what happens: %w", err)
	}
	e.outcome(state, live, after)
	if e.Outcome == Starts {
		e.foresee(state)
	}
	return e, nil
}

// outcome tells what became of the state.
func (e *Explanation) outcome(state rollout.State, live, after *appsv1.Deployment) {
	before, err := rollout.ParseState(live.Annotations[rollout.StateAnnotation])
	changed := !sameTemplate(live, after)
	switch {
	case err == nil && state.Phase == rollout.RollingBack && before.Phase != rollout.RollingBack:
		e.Outcome = GoesBack
	case state.InFlight() && (changed || !before.InFlight()):
		e.Outcome = Starts
	case state.InFlight():
		e.Outcome = GoesOn
	case changed:
		e.Outcome = Plain
	default:
		e.Outcome = Unchanged
	}
}

func sameTemplate(a, b *appsv1.Deployment) bool {
	left, err := json.Marshal(a.Spec.Template)
	right, also := json.Marshal(b.Spec.Template)
	return err == nil && also == nil && string(left) == string(right)
}

// foresee fills in what the release does.
func (e *Explanation) foresee(state rollout.State) {
	e.Strategy, e.Steps, e.Capacity, e.Held = state.Strategy, state.Steps, state.Capacity, state.Held
	e.Stops = forecast.Of(state, e.Replicas)
}

// next explains the change after a creation: another template, and nothing else.
func (e *Explanation) next(ctx context.Context, w *World, created *appsv1.Deployment, now time.Time) error {
	created.UID = types.UID("created-" + created.Name)
	w.Objects.Add(command.Finished(created))
	changed := created.DeepCopy()
	if changed.Spec.Template.Annotations == nil {
		changed.Spec.Template.Annotations = map[string]string{}
	}
	changed.Spec.Template.Annotations["evenkeel.dev/explain"] = "the next change"
	answer, after, err := w.ask(ctx, changed, created, now)
	if err != nil || !answer.Allowed {
		return err // a refusal would be that of a change that nobody has made
	}
	state, err := rollout.ParseState(after.Annotations[rollout.StateAnnotation])
	if err == nil && state.InFlight() {
		e.foresee(state)
	}
	return err
}

// ask asks admission, and gives the object that comes out.
func (w *World) ask(ctx context.Context, incoming, live *appsv1.Deployment, now time.Time) (offline.Answer, *appsv1.Deployment, error) {
	answer, err := offline.Admit(ctx, offline.Question{
		Incoming: incoming, Live: live, World: w.Objects, Policies: w.Policies, Unknown: w.Unknown, Now: now,
	})
	if err != nil {
		return answer, nil, fmt.Errorf("cannot tell what admission would answer: %w", err)
	}
	var after appsv1.Deployment
	if len(answer.Object) > 0 {
		if err := json.Unmarshal(answer.Object, &after); err != nil {
			return answer, nil, fmt.Errorf("cannot read what comes out of admission: %w", err)
		}
	}
	return answer, &after, nil
}

// kept are the replicas of what runs where the manifest leaves them out, as for an
// autoscaler: applying keeps them.
func kept(incoming, live *appsv1.Deployment) {
	var said struct {
		Spec struct {
			Replicas *int32 `json:"replicas"`
		} `json:"spec"`
	}
	if live == nil || json.Unmarshal([]byte(incoming.Annotations[corev1.LastAppliedConfigAnnotation]), &said) != nil || said.Spec.Replicas != nil {
		return
	}
	incoming.Spec.Replicas = live.Spec.Replicas
}
