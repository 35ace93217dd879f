// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package flight

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// The kinds of workloads that are released.
const (
	Deployment  = "Deployment"
	StatefulSet = "StatefulSet"
	DaemonSet   = "DaemonSet"
)

// Flight is a workload and its rollout. A workload that was never released has no
// Phase.
type Flight struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// ResourceVersion is that of the object that was read.
	ResourceVersion string `json:"resourceVersion,omitempty"`

	Strategy string        `json:"strategy,omitempty"`
	Phase    rollout.Phase `json:"phase,omitempty"`
	Stage    rollout.Stage `json:"stage,omitempty"`
	// Step is the index of the current step in Steps, from 0.
	Step  int    `json:"step"`
	Steps string `json:"steps,omitempty"`
	// Weight is the canary's share of the traffic, in percent.
	Weight int    `json:"weight"`
	Match  string `json:"match,omitempty"`
	Mirror int    `json:"mirror,omitempty"`
	// Replicas is how many pods the workload asks for.
	Replicas int32    `json:"replicas"`
	Stable   Pods     `json:"stable"`
	Canary   Pods     `json:"canary"`
	Services []string `json:"services,omitempty"`
	Routes   []string `json:"routes,omitempty"`
	// Wait says what it waits for, Reason why it goes back or went back.
	Wait   string `json:"waitsFor,omitempty"`
	Reason string `json:"reason,omitempty"`
	Held   bool   `json:"held,omitempty"`
	// Unwell says what is wrong with the new version's pods, where some are not ready.
	Unwell string `json:"unwell,omitempty"`
	// Reversible tells whether there is a way back.
	Reversible bool `json:"reversible,omitempty"`
	// Measurements are the newest of the analyses that the step waits for.
	Measurements []Measurement `json:"measurements,omitempty"`
	// Since is when it came to where it stands.
	Since time.Time `json:"since,omitzero"`
	// Ends is when the step's time is over; zero where none runs.
	Ends time.Time `json:"ends,omitzero"`
	// Unread says why the state cannot be read; all else of it is empty then.
	Unread string `json:"unread,omitempty"`
}

// Pods are the pods of one version.
type Pods struct {
	// Version is the ReplicaSet or ControllerRevision.
	Version string `json:"version,omitempty"`
	Ready   int32  `json:"ready"`
	// Asked is how many there are to be; of a StatefulSet or DaemonSet, how many
	// there are.
	Asked int32 `json:"asked"`
}

// String gives the pods as kubectl does: ready of asked.
func (p Pods) String() string { return fmt.Sprintf("%d/%d", p.Ready, p.Asked) }

// InFlight tells whether the rollout still holds objects.
func (f Flight) InFlight() bool { return f.Phase.InFlight() }

// Ended tells whether a rollout has come to its end, one way or the other.
func (f Flight) Ended() bool { return f.Phase == rollout.Completed || f.Phase == rollout.RolledBack }

// NeedsPerson tells whether nothing happens until a person does something. What
// was rolled back is not released, and somebody has to look at it, too.
func (f Flight) NeedsPerson() bool {
	return f.Unread != "" || f.Phase == rollout.RolledBack || (f.InFlight() && (f.Held || strings.HasPrefix(f.Wait, "a person ")))
}

// StepList is Steps, parsed.
func (f Flight) StepList() rollout.Steps { return rollout.StepsOrLast(f.Steps) }

// Current is the step that the rollout stands on.
func (f Flight) Current() rollout.Step { return f.StepList().At(f.Step) }

// Stepped tells whether the rollout goes by steps; a rolling update has none.
func (f Flight) Stepped() bool { return f.Steps != "" }

// Place names the step for a person: 2/3, or - where there are none.
func (f Flight) Place() string {
	if !f.Stepped() {
		return "-"
	}
	return fmt.Sprintf("%d/%d", min(f.Step+1, len(f.StepList())), len(f.StepList()))
}

// Left is how long the step still lasts, where only time is waited for.
func (f Flight) Left(now time.Time) (time.Duration, bool) {
	if rollout.KindOfWait(f.Wait) != rollout.WaitTime || !f.Ends.After(now) {
		return 0, false
	}
	return f.Ends.Sub(now), true
}

// Passed is how much of the step's time is over, in percent.
func (f Flight) Passed(now time.Time) int {
	switch {
	case f.Ends.IsZero():
		return 0
	case !f.Ends.After(now):
		return 100
	default:
		return int(100 * max(0, now.Sub(f.Since)) / f.Ends.Sub(f.Since))
	}
}

// Ref names the object as kubectl does: deployment.apps/demo.
func (f Flight) Ref() string { return strings.ToLower(f.Kind) + ".apps/" + f.Name }

// Same tells whether both are the same point of the same rollout: what a person
// said to the one is meant for the other, too.
func (f Flight) Same(other Flight) bool {
	return f.Phase == other.Phase && f.Step == other.Step && f.Steps == other.Steps && f.Canary.Version == other.Canary.Version &&
		f.Stable.Version == other.Stable.Version && f.Held == other.Held
}

// of gives what a state says, without the pods.
func of(kind string, meta metav1.ObjectMeta, state rollout.State) Flight {
	return Flight{
		Kind: kind, Namespace: meta.Namespace, Name: meta.Name, ResourceVersion: meta.ResourceVersion,
		Strategy: strategy(state), Phase: state.Phase, Stage: state.Stage, Step: state.Step, Steps: state.Steps,
		Weight: state.Weight, Match: state.Match, Mirror: state.Mirror, Services: state.Services, Routes: state.Routes,
		Wait: state.Wait, Reason: state.Reason, Held: state.Held, Reversible: state.Reversible(), Since: state.Since,
		Ends:         state.Ends(policy.Lifted(meta.Annotations, policy.GuardMinStep, time.Now())),
		Measurements: evidence(meta.Annotations[rollout.StateAnnotation]),
		Stable:       Pods{Version: state.Stable.ReplicaSet}, Canary: Pods{Version: state.Canary.ReplicaSet},
	}
}

func strategy(state rollout.State) string {
	if state.Strategy == "" && state.Phase != "" {
		return rollout.Canary
	}
	return state.Strategy
}
