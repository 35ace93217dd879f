// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"encoding/json"
	"fmt"
	"time"
)

// The names that Evenkeel gives to what it keeps on objects.
const (
	// StateAnnotation holds the State of a Deployment.
	StateAnnotation = "evenkeel.dev/rollout"
	// ActionAnnotation is what a person says to a rollout; taken once.
	ActionAnnotation = "evenkeel.dev/action"
	// StrategyAnnotation names how the next changed template is released.
	StrategyAnnotation = "evenkeel.dev/strategy"
	// StepsAnnotation lists the steps of a canary, see ParseSteps.
	StepsAnnotation = "evenkeel.dev/steps"
	// CapacityAnnotation tells where the canary's pods come from.
	CapacityAnnotation = "evenkeel.dev/capacity"
	// InFlightLabel marks every object that a rollout holds, with the value "true".
	InFlightLabel = "evenkeel.dev/in-flight"
	// RoleLabel marks the objects that Evenkeel owns, with what they are for.
	RoleLabel = "evenkeel.dev/role"
	// RevisionAnnotation is the stock controller's number of a version.
	RevisionAnnotation = "deployment.kubernetes.io/revision"
	// RoleCanary is the role of the Service that leads to the canary's pods.
	RoleCanary = "canary"
)

// The strategies: how a changed template is released.
const (
	// Rolling is the stock controller's own rolling update, watched.
	Rolling = "rolling"
	// Canary moves traffic by the steps.
	Canary = "canary"
	// BlueGreen makes the canary whole before it gets traffic, and then all of it.
	BlueGreen = "blue-green"
	// Batch changes pods by the steps and leaves traffic to the Services.
	Batch = "batch"
)

// Strategies lists the strategies.
func Strategies() []string { return []string{Rolling, Canary, BlueGreen, Batch} }

// BlueGreenSteps are those of a blue-green release that nobody wrote steps for.
const BlueGreenSteps = "0%/100%:pause,100%"

// The capacities: where the canary's pods come from.
const (
	// Surge keeps stable whole until the end.
	Surge = "surge"
	// Replace stays within the replicas and the user's own maxSurge: stable gives
	// the pods that its share of the traffic no longer needs.
	Replace = "replace"
)

// Capacities lists the capacities.
func Capacities() []string { return []string{Surge, Replace} }

// The answers to a rollout that cannot go on.
const (
	// OnFailureRollback goes back.
	OnFailureRollback = "rollback"
	// OnFailureHold keeps everything where it is, for a person to decide.
	OnFailureHold = "hold"
)

// MaxStateBytes bounds the annotation that ParseState reads.
const MaxStateBytes = 16 << 10

// Phase is the part of its life that a rollout is in.
type Phase string

// The phases, in the order in which a rollout goes through them.
const (
	Preparing   Phase = "Preparing"
	Stepping    Phase = "Stepping"
	Promoting   Phase = "Promoting"
	Completed   Phase = "Completed"
	RollingBack Phase = "RollingBack"
	RolledBack  Phase = "RolledBack"
)

// Stage is one promise about the world within a phase; see the package comment.
type Stage string

// The stages; the package comment says what each of them stands for.
const (
	StagePrepare  Stage = "prepare"
	StageRoll     Stage = "roll"
	StageScale    Stage = "scale"
	StageShift    Stage = "shift"
	StageDwell    Stage = "dwell"
	StageService  Stage = "service"
	StageRoute    Stage = "route"
	StageDrain    Stage = "drain"
	StageRelease  Stage = "release"
	StageMix      Stage = "mix"
	StageReopen   Stage = "reopen"
	StageReturn   Stage = "return"
	StageWithdraw Stage = "withdraw"
	StageRestore  Stage = "restore"
	StageWiden    Stage = "widen"
)

// Version names one of the two ReplicaSets of a rollout.
type Version struct {
	// ReplicaSet is the name of the ReplicaSet.
	ReplicaSet string `json:"replicaSet,omitempty"`
	// Hash is the value of the label pod-template-hash of its pods.
	Hash string `json:"hash,omitempty"`
	// Revision is the Deployment's own number of the version.
	Revision string `json:"revision,omitempty"`
}

// State is what a Deployment carries about its rollout. One value of it says
// everything that is needed to go on, whoever reads it and whenever.
type State struct {
	Phase Phase `json:"phase"`
	Stage Stage `json:"stage,omitempty"`
	// Strategy is how the template is released; empty is Canary.
	Strategy string `json:"strategy,omitempty"`
	// Capacity is where the canary's pods come from; empty is Surge.
	Capacity string `json:"capacity,omitempty"`
	// OnFailure is the answer when the rollout cannot go on; empty goes back.
	OnFailure string `json:"onFailure,omitempty"`
	// Match is the group of requests that goes to the canary besides Weight.
	Match string `json:"match,omitempty"`
	// Mirror is the percent of the requests of which the canary gets copies.
	Mirror int `json:"mirror,omitempty"`
	// Step is the index of the current step in Steps, from 0.
	Step  int    `json:"step"`
	Steps string `json:"steps,omitempty"`
	// Weight is the share of the traffic asked for the canary, in percent.
	Weight int `json:"weight"`
	// Exposed tells that requests which fit Match, and those to Mirror, go to the
	// canary.
	Exposed bool `json:"exposed,omitempty"`
	// Surge is the room for canary pods besides the replicas, in percent of
	// them; Capped means that the user's own maxSurge is less, and counts.
	Surge  int  `json:"surge"`
	Capped bool `json:"capped,omitempty"`
	// Give is what stable gives of its pods, in percent of the replicas.
	Give int `json:"give,omitempty"`
	// Spent is what the step's weight was served for before its pods fell out, or
	// somebody scaled: its time goes on from there.
	Spent Duration `json:"spent,omitempty"`
	// Since is when the stage was entered.
	Since time.Time `json:"since,omitzero"`
	// Seen is when the stage's promise was first seen kept; zero until then.
	Seen time.Time `json:"seen,omitzero"`
	// Stable served before the change; Canary is what it changes to. The
	// canary is unknown until the gate is open and its ReplicaSet exists.
	Stable Version `json:"stable,omitzero"`
	Canary Version `json:"canary,omitzero"`
	// User holds the knobs that the Deployment gets back at the end.
	User *Knobs `json:"user,omitempty"`
	// Services select the pods, Backends are those of them that Routes lead to, as
	// "ingress/demo" (see route.Ref). All are in the Deployment's namespace, found
	// when the rollout started. Without Routes, only pods change.
	Services []string `json:"services,omitempty"`
	Backends []string `json:"backends,omitempty"`
	Routes   []string `json:"routes,omitempty"`
	Timing   Timing   `json:"timing,omitzero"`
	// Analyses are the evidence that each step waits for.
	Analyses Evidence `json:"analyses,omitempty"`
	// Held is set by kubectl rollout pause and cleared by resume.
	Held bool `json:"held,omitempty"`
	// Told is set when a person said continue to the current step.
	Told bool `json:"told,omitempty"`
	// Warned is set when it was told in this stage that stable is sick.
	Warned bool `json:"warned,omitempty"`
	// Closed tells that the gate is shut because the way forward is closed.
	Closed bool `json:"closed,omitempty"`
	// OverrideBy is who wrote the emergency's annotation, where that is known.
	OverrideBy string `json:"overrideBy,omitempty"`
	// Reason says why the phase was entered, where that needs saying.
	Reason string `json:"reason,omitempty"`
	// Wait says what the stage waits for.
	Wait string `json:"wait,omitempty"`
	// Log is what the release leaves for its record.
	Log Log `json:"log,omitzero"`
}

// InFlight tells whether the rollout still holds objects.
func (s State) InFlight() bool { return s.Phase.InFlight() }

// InFlight tells whether a rollout in this phase still holds objects.
func (p Phase) InFlight() bool { return p != "" && p != Completed && p != RolledBack }

// Reversible tells whether stable still has all that it needs to take the
// traffic back: not once its pods are being let go, and not twice.
func (s State) Reversible() bool {
	switch s.Phase {
	case Preparing, Stepping:
		return true
	case Promoting:
		return s.Stage == StageService || s.Stage == StageRoute || s.Stage == StageDrain
	default:
		return false
	}
}

// Divides tells whether Services lead to one version each, and routes, if there
// are any, divide the traffic between them. Where they do not, only pods change,
// and the Services spread the traffic over them.
func (s State) Divides() bool { return len(s.Services) > 0 }

// replaces tells whether stable gives pods while the canary grows.
func (s State) replaces() bool { return s.Capacity == Replace }

// serves tells whether requests, or copies of them, go to the canary because
// somebody led them there.
func (s State) serves() bool {
	return s.Divides() && (s.Weight > 0 || (s.Exposed && s.Match != "") || s.mirrored() > 0)
}

// mirrored is the percent of the requests of which the canary gets copies now:
// from its first pods on, until it takes all the traffic or goes back.
func (s State) mirrored() int {
	if s.Phase != Stepping || !s.Exposed || s.Weight >= 100 {
		return 0
	}
	return s.Mirror
}

// HoldsTemplate tells whether the Deployment keeps the template that it has,
// although the one it goes back to is another.
func (s State) HoldsTemplate() bool {
	return s.Phase == RollingBack && (s.Stage == StageMix || s.Stage == StageReopen || s.Stage == StageReturn || s.Stage == StageWithdraw)
}

// StepList is Steps, parsed. Admission parsed them before, so a State in which
// they are broken has one last step.
func (s State) StepList() Steps { return StepsOrLast(s.Steps) }

// Current is the step that the rollout stands on.
func (s State) Current() Step { return s.StepList().At(s.Step) }

// ParseState reads a state annotation. An empty text is the zero State, which is
// not in flight; so is whatever cannot be read, with an error.
func ParseState(text string) (State, error) {
	var s State
	if err := DecodeState(text, &s); err != nil {
		return State{}, err
	}
	if s.InFlight() && s.User == nil {
		return State{}, fmt.Errorf("cannot read annotation %s: a rollout in flight lacks the user's own knobs", StateAnnotation)
	}
	return s, nil
}

// DecodeState reads a state annotation, of at most 16 KiB, into a state of
// whatever kind of workload; an empty text leaves it as it is.
func DecodeState(text string, into any) error {
	if text == "" {
		return nil
	}
	if len(text) > MaxStateBytes {
		return fmt.Errorf("cannot read annotation %s: %d bytes are more than %d", StateAnnotation, len(text), MaxStateBytes)
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return fmt.Errorf("cannot read annotation %s: %w", StateAnnotation, err)
	}
	return nil
}

// String writes the state as ParseState reads it; equal states give equal text.
// Where that would be too long, the log's measurements give way, then its steps and
// words: a record that lacks them is better than a rollout that is frozen.
func (s State) String() string {
	text, err := json.Marshal(s)
	if len(text) > MaxStateBytes {
		s.Log.Measured = nil
		text, err = json.Marshal(s)
	}
	if len(text) > MaxStateBytes {
		s.Log = Log{Began: s.Log.Began, By: s.Log.By, Ready: s.Log.Ready}
		text, err = json.Marshal(s)
	}
	if err != nil { // cannot happen: every field is a plain value
		return ""
	}
	return string(text)
}

// Equal tells whether two states say the same.
func (s State) Equal(other State) bool { return s.String() == other.String() }
