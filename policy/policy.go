// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"time"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/evenkeel-dev/evenkeel/policy/window"
	"github.com/evenkeel-dev/evenkeel/traffic/analysis"
)

// The names that people use to speak about one Deployment.
const (
	StrategyAnnotation = "evenkeel.dev/strategy"
	StepsAnnotation    = "evenkeel.dev/steps"
	CapacityAnnotation = "evenkeel.dev/capacity"
	MatchAnnotation    = "evenkeel.dev/match"
	MirrorAnnotation   = "evenkeel.dev/mirror"
	RouteAnnotation    = "evenkeel.dev/route"
	AnalysisAnnotation = "evenkeel.dev/analysis"
	ProbeAnnotation    = "evenkeel.dev/probe"
	InjectAnnotation   = "evenkeel.dev/inject"
	// TurnAnnotation is for batches of a StatefulSet or DaemonSet: the weight from
	// which on the new pods get all the traffic.
	TurnAnnotation = "evenkeel.dev/turn"
	// OverrideAnnotation lets checks pass for a while, see Override.
	OverrideAnnotation = "evenkeel.dev/override"
	// InjectedAnnotation is the record of what was injected, see Injected.
	InjectedAnnotation = "evenkeel.dev/injected"
	// CauseAnnotation is what kubectl rollout history shows.
	CauseAnnotation = "kubernetes.io/change-cause"
)

// The strategies of a release.
const (
	StrategyRolling   = "rolling"
	StrategyCanary    = "canary"
	StrategyBlueGreen = "blue-green"
	StrategyBatch     = "batch"
)

// Where the version label's value comes from.
const (
	FromImageTag    = "imageTag"    // the tag; the digest where there is none
	FromImageDigest = "imageDigest" // the digest, shortened
)

// Policy is what holds for one Deployment.
type Policy struct {
	// Rule is the name of the rule that gave it, "default" where none matched.
	Rule    string
	Inject  Inject
	Checks  Checks
	Rollout Rollout
	// Emergency says whether and for how long an annotation may let checks pass.
	Emergency Emergency
	// Analyses are the cluster's, by their names; those that Rollout.Analysis names
	// guard the steps.
	Analyses map[string]analysis.Spec
	// Overridable says what annotations and a namespace's own policy may change.
	Overridable Overridable
	// Ignored tells, one a line, what somebody wished for and was not given.
	Ignored []string
}

// Emergency bounds the annotation evenkeel.dev/override.
type Emergency struct {
	Enabled bool
	// MaxDuration is the longest time ahead at which an override may end.
	MaxDuration time.Duration
}

// Inject says what is filled in where the user left it out. A nil field injects nothing.
type Inject struct {
	Strategy                *Strategy
	MinReadySeconds         *int32
	ProgressDeadlineSeconds *int32
	RevisionHistoryLimit    *int32
	// TerminationGracePeriodSeconds is how long the process may take to end; the
	// sleep of PreStopSeconds comes on top.
	TerminationGracePeriodSeconds *int64
	// PreStopSeconds is the sleep before a container that serves is told to end.
	PreStopSeconds               *int64
	Readiness, Startup, Liveness *Probe
	// VersionLabel is the key of the label that gets the image's version; "" injects none.
	VersionLabel string
	// VersionFrom is FromImageTag or FromImageDigest.
	VersionFrom string
	// ChangeCause fills in what kubectl rollout history shows.
	ChangeCause bool
}

// Strategy is a rolling update's two numbers.
type Strategy struct {
	MaxSurge       intstr.IntOrString
	MaxUnavailable intstr.IntOrString
}

// Probe holds the numbers of an injected probe, in seconds; 0 is Kubernetes' own
// default.
type Probe struct {
	InitialDelaySeconds int32
	PeriodSeconds       int32
	TimeoutSeconds      int32
	FailureThreshold    int32
}

// Rollout says how a changed template is released.
type Rollout struct {
	Strategy string
	Steps    string
	// Capacity is surge or replace; empty is what the strategy usually has.
	Capacity string
	// Match, Mirror and Routes are what a Deployment's annotations say: the requests
	// that go to the canary besides, the share of them that it gets copies of, and
	// the routes to divide.
	Match, Mirror, Routes string
	// ByRoute tells that those annotations ask for what routes alone can do: a
	// canary, a match, or routes by their names.
	ByRoute bool
	// OnFailure is rollback or hold, for a rollout that cannot go on; empty goes
	// back, and leaves a rolling update alone.
	OnFailure string
	// Analysis names the analyses that guard each step with traffic.
	Analysis []string
	// RefuseRolledBack refuses a template that was rolled back when it comes again.
	RefuseRolledBack bool
	// Settle is how long a data plane may take to follow a change of weight.
	Settle time.Duration
	// ScaleDownDelay keeps the old pods after a promotion.
	ScaleDownDelay time.Duration
	// StepDeadline is how long a step may wait for its pods or its route.
	StepDeadline time.Duration
	// Calendar is when a release may start, and go on.
	Calendar window.Calendar
	// MinStep is the least time that a step with traffic lasts.
	MinStep time.Duration
	// MatchHosts are the hosts that a match may have: names, or "*." and a domain
	// for all below it. Nil lets it have any, an empty list none.
	MatchHosts []string
}
