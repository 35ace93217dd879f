// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package batch

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// The stages; the package comment says what each of them stands for.
const (
	StagePrepare               = rollout.StagePrepare
	StageClear   rollout.Stage = "clear"
	StageBatch   rollout.Stage = "batch"
	StageTurn    rollout.Stage = "turn"
	StageDwell                 = rollout.StageDwell
	StageRelease               = rollout.StageRelease
	StageReturn                = rollout.StageReturn
	StageRestore               = rollout.StageRestore
	StageWiden                 = rollout.StageWiden
)

// Role is one of the two versions of a rollout.
type Role string

// The roles. Everyone is what the Services' owners wrote.
const (
	Everyone Role = ""
	Old      Role = "old"
	New      Role = "new"
)

const (
	// maxDropped bounds the versions that were given up in one rollout.
	maxDropped = 8
	// shut is the partition under which no pod is updated, whatever somebody
	// scales to: a scale request does not pass the webhook that renders it.
	shut int32 = 1<<31 - 1
)

// Version names one of the ControllerRevisions of a workload.
type Version struct {
	// Name is the name of the ControllerRevision.
	Name string `json:"name,omitempty"`
	// Hash is the value of the label controller-revision-hash of its pods: the
	// name for a StatefulSet, the end of the name for a DaemonSet.
	Hash string `json:"hash,omitempty"`
}

// State is what a StatefulSet or DaemonSet carries about its rollout, in the
// annotation rollout.StateAnnotation. One value of it says everything that is
// needed to go on, whoever reads it and whenever.
type State struct {
	Phase rollout.Phase `json:"phase"`
	Stage rollout.Stage `json:"stage,omitempty"`
	// OnFailure is the answer when the rollout cannot go on; empty goes back.
	OnFailure string `json:"onFailure,omitempty"`
	// Step is the index of the current batch in Steps, from 0.
	Step  int    `json:"step"`
	Steps string `json:"steps,omitempty"`
	// Partition is the first ordinal of a StatefulSet that is to be new.
	Partition int32 `json:"partition,omitempty"`
	// Ready is how many new pods were ready in this batch, at the most.
	Ready int32 `json:"ready,omitempty"`
	// Turn is the weight from which a batch that is ready gets all the traffic;
	// 0 is the first batch with a weight at all.
	Turn int `json:"turn,omitempty"`
	// Serve is the version that Services lead to.
	Serve Role `json:"serve,omitempty"`
	// Since is when the stage was entered, or its last pod became ready.
	Since time.Time `json:"since,omitzero"`
	// Seen is when the stage's promise was first seen kept; zero until then.
	Seen time.Time `json:"seen,omitzero"`
	// Stable is what was there before the change; Canary is what it changes to,
	// unknown until its ControllerRevision is seen. Dropped are the hashes of
	// canaries that another template took the place of.
	Stable  Version  `json:"stable,omitzero"`
	Canary  Version  `json:"canary,omitzero"`
	Dropped []string `json:"dropped,omitempty"`
	// User holds the updateStrategy that the workload gets back at the end.
	User *Knobs `json:"user,omitempty"`
	// Services select the pods. Without them only pods change.
	Services []string       `json:"services,omitempty"`
	Timing   rollout.Timing `json:"timing,omitzero"`
	// Analyses are the evidence that each batch waits for.
	Analyses rollout.Evidence `json:"analyses,omitempty"`
	// Held is set by the action hold and cleared by continue.
	Held bool `json:"held,omitempty"`
	// Told is set when a person said continue to the current step.
	Told bool `json:"told,omitempty"`
	// Closed tells that the gate is shut because the way forward is closed.
	Closed bool `json:"closed,omitempty"`
	// OverrideBy is who wrote the emergency's annotation, where that is known.
	OverrideBy string `json:"overrideBy,omitempty"`
	// Reason says why the phase was entered, where that needs saying.
	Reason string `json:"reason,omitempty"`
	// Wait says what the stage waits for.
	Wait string `json:"wait,omitempty"`
	// Log is what the release leaves for its record.
	Log rollout.Log `json:"log,omitzero"`
}

// InFlight tells whether the rollout still holds objects.
func (s State) InFlight() bool { return s.Phase.InFlight() }

// Reversible tells whether the rollout can still go back as a part of itself; once
// every batch is confirmed, going back is a rollout of its own.
func (s State) Reversible() bool {
	return s.Phase == rollout.Preparing || s.Phase == rollout.Stepping
}

// Divides tells whether Services are narrowed to one version while in flight.
func (s State) Divides() bool { return len(s.Services) > 0 }

// HoldsTemplate tells whether the workload keeps the template that it has,
// although the one it goes back to is another.
func (s State) HoldsTemplate() bool { return s.Stage == StageReturn }

// WantsStable tells whether admission puts Stable's template into the workload.
func (s State) WantsStable() bool {
	return s.Phase == rollout.RollingBack && !s.HoldsTemplate()
}

// StepList is Steps, parsed. Admission parsed them before, so a State in which
// they are broken has one last step.
func (s State) StepList() rollout.Steps { return rollout.StepsOrLast(s.Steps) }

// Current is the step that the rollout stands on.
func (s State) Current() rollout.Step { return s.at(s.Step) }

// at is a step, or the nearest that there is.
func (s State) at(i int) rollout.Step { return s.StepList().At(i) }

// ParseState reads a state annotation. An empty text is the zero State, which is
// not in flight; so is whatever cannot be read, with an error.
func ParseState(text string) (State, error) {
	var s State
	if err := rollout.DecodeState(text, &s); err != nil {
		return State{}, err
	}
	if s.InFlight() && (s.User == nil || (s.User.StatefulSet == nil) == (s.User.DaemonSet == nil)) {
		return State{}, fmt.Errorf("cannot read annotation %s: a rollout in flight lacks the user's own updateStrategy", rollout.StateAnnotation)
	}
	return s, nil
}

// String writes the state as ParseState reads it; equal states give equal text.
// Where that would be too long, the log's measurements give way, then its steps and
// words.
func (s State) String() string {
	text, err := json.Marshal(s)
	if len(text) > rollout.MaxStateBytes {
		s.Log.Measured = nil
		text, err = json.Marshal(s)
	}
	if len(text) > rollout.MaxStateBytes {
		s.Log = rollout.Log{Began: s.Log.Began, By: s.Log.By, Ready: s.Log.Ready}
		text, err = json.Marshal(s)
	}
	if err != nil { // cannot happen: every field is a plain value
		return ""
	}
	return string(text)
}

// Equal tells whether two states say the same.
func (s State) Equal(other State) bool { return s.String() == other.String() }

// drop gives the canary up for another one.
func (s State) drop() State {
	if s.Canary.Hash == "" || slices.Contains(s.Dropped, s.Canary.Hash) {
		return s
	}
	dropped := append(slices.Clone(s.Dropped), s.Canary.Hash)
	s.Dropped = dropped[max(0, len(dropped)-maxDropped):]
	return s
}

// hash is the label value of a role's pods.
func (s State) hash(role Role) string {
	switch role {
	case Old:
		return s.Stable.Hash
	case New:
		return s.Canary.Hash
	default:
		return ""
	}
}

// ordinal tells whether the pods have ordinals: those of a StatefulSet.
func (s State) ordinal() bool { return s.User != nil && s.User.StatefulSet != nil }
