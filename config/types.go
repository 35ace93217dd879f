// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// What a policy file says of itself.
const (
	APIVersion = "policy.evenkeel.dev/v1alpha1"
	Kind       = "RolloutPolicy"
	// PolicyKey is the key of the ConfigMap under which the file stands.
	PolicyKey = "policy.yaml"
	// PolicyLabel marks a ConfigMap as a policy, and says whose.
	PolicyLabel = "evenkeel.dev/policy"
	OfCluster   = "cluster"
	OfNamespace = "namespace"
)

// RolloutPolicy is the policy file.
type RolloutPolicy struct {
	// APIVersion is policy.evenkeel.dev/v1alpha1.
	APIVersion string `json:"apiVersion" jsonschema:"enum=policy.evenkeel.dev/v1alpha1"`
	// Kind is RolloutPolicy.
	Kind string `json:"kind" jsonschema:"enum=RolloutPolicy"`
	// Defaults hold where no rule matches, and for what a rule leaves out. What
	// they leave out is the built-in default.
	Defaults Defaults `json:"defaults,omitempty"`
	// Rules are tried in order; the first that matches applies.
	Rules []Rule `json:"rules,omitempty"`
	// Notifications tell of rollouts outside the cluster.
	Notifications []Notification `json:"notifications,omitempty"`
	// Budget bounds how many releases are in flight at once.
	Budget *Budget `json:"budget,omitempty"`
	// Analyses say by what a canary is known to be well, by the names that
	// rollout.analysis and annotations use.
	Analyses map[string]Analysis `json:"analyses,omitempty"`
}

// Budget is how many releases may be in flight at once, rolling updates left out.
type Budget struct {
	// Cluster is how many there may be in all; as many as there are where left out.
	Cluster *int32 `json:"cluster,omitempty"`
	// Namespace is how many there may be in each namespace; as many as there are
	// where left out.
	Namespace *int32 `json:"namespace,omitempty"`
}

// Defaults are what every rule starts from.
type Defaults struct {
	// Overridable lists the fields that annotations and a namespace's own policy
	// may change. Left out, annotations win and a namespace changes nothing.
	Overridable *[]string `json:"overridable,omitempty"`
	Inject      Inject    `json:"inject,omitempty"`
	Checks      Checks    `json:"checks,omitempty"`
	Rollout     Rollout   `json:"rollout,omitempty"`
	Emergency   Emergency `json:"emergency,omitempty"`
}

// Rule is what holds for the Deployments that it matches.
type Rule struct {
	// Name is how messages speak of the rule.
	Name  string `json:"name"`
	Match Match  `json:"match,omitempty"`
	// Overridable lists the fields that annotations and a namespace's own policy
	// may change, such as inject.probes or rollout; it takes the place of the
	// defaults' list.
	Overridable *[]string `json:"overridable,omitempty"`
	Inject      Inject    `json:"inject,omitempty"`
	Checks      Checks    `json:"checks,omitempty"`
	Rollout     Rollout   `json:"rollout,omitempty"`
	Emergency   Emergency `json:"emergency,omitempty"`
}

// Emergency bounds the annotation evenkeel.dev/override.
type Emergency struct {
	// Enabled lets the annotation turn refusals into warnings; true where left out.
	Enabled *bool `json:"enabled,omitempty"`
	// MaxDuration is the longest time ahead at which an override may end; 24h
	// where left out.
	MaxDuration *metav1.Duration `json:"maxDuration,omitempty"`
}

// Match selects Deployments; what is left out selects all.
type Match struct {
	// Namespaces are names or globs such as "shop-*".
	Namespaces        []string              `json:"namespaces,omitempty"`
	NamespaceSelector *metav1.LabelSelector `json:"namespaceSelector,omitempty"`
	ObjectSelector    *metav1.LabelSelector `json:"objectSelector,omitempty"`
}

// Inject says what is filled in where nobody set it.
type Inject struct {
	Strategy *Strategy `json:"strategy,omitempty"`
	// MinReadySeconds is how long a pod must be ready to count as available, in seconds.
	MinReadySeconds *int32 `json:"minReadySeconds,omitempty"`
	// ProgressDeadlineSeconds is how long a rollout may stand still, in seconds.
	ProgressDeadlineSeconds *int32 `json:"progressDeadlineSeconds,omitempty"`
	// RevisionHistoryLimit is how many old ReplicaSets are kept to go back to.
	RevisionHistoryLimit *int32 `json:"revisionHistoryLimit,omitempty"`
	// TerminationGracePeriodSeconds is how long a process may take to end, in
	// seconds; the injected preStop sleep comes on top.
	TerminationGracePeriodSeconds *int64        `json:"terminationGracePeriodSeconds,omitempty"`
	PreStop                       *PreStop      `json:"preStop,omitempty"`
	Probes                        Probes        `json:"probes,omitempty"`
	VersionLabel                  *VersionLabel `json:"versionLabel,omitempty"`
	// ChangeCause fills in what kubectl rollout history shows.
	ChangeCause *bool `json:"changeCause,omitempty"`
}

// PreStop is the sleep of a container that serves, before it is told to end.
type PreStop struct {
	// Enabled is true where left out.
	Enabled *bool `json:"enabled,omitempty"`
	// SleepSeconds is 1 to 300.
	SleepSeconds *int64 `json:"sleepSeconds,omitempty"`
}

// Strategy is a rolling update's two numbers: counts of pods, or percents.
type Strategy struct {
	MaxSurge       intstr.IntOrString `json:"maxSurge"`
	MaxUnavailable intstr.IntOrString `json:"maxUnavailable"`
}

// Probes are the probes that may be injected, on a port that is known by evidence.
type Probes struct {
	// Readiness is injected unless it is switched off.
	Readiness *Probe `json:"readiness,omitempty"`
	// Startup is injected where it stands here.
	Startup *Probe `json:"startup,omitempty"`
	// Liveness is injected where it stands here with enabled: true.
	Liveness *Probe `json:"liveness,omitempty"`
}

// Probe holds an injected probe's numbers; 0 is Kubernetes' own default.
type Probe struct {
	// Enabled is true where left out, and false for liveness.
	Enabled *bool `json:"enabled,omitempty"`
	// InitialDelaySeconds is the wait before the first question.
	InitialDelaySeconds int32 `json:"initialDelaySeconds,omitempty"`
	// PeriodSeconds is the time between two questions.
	PeriodSeconds int32 `json:"periodSeconds,omitempty"`
	// TimeoutSeconds is how long an answer may take.
	TimeoutSeconds int32 `json:"timeoutSeconds,omitempty"`
	// FailureThreshold is how many failures in a row count.
	FailureThreshold int32 `json:"failureThreshold,omitempty"`
}

// VersionLabel is the label that gets the version of the image.
type VersionLabel struct {
	// Enabled is true where left out.
	Enabled *bool  `json:"enabled,omitempty"`
	Key     string `json:"key,omitempty"`
	// From is imageTag (the digest where there is no tag) or imageDigest.
	From string `json:"from,omitempty" jsonschema:"enum=imageTag,enum=imageDigest"`
}

// Checks gives each check its action; a check is left to Default where unnamed.
type Checks map[string]Check

// Check is an action (Enforce, Warn, Audit, Off), and for max-unavailable a limit.
// In the file it may be the action's word alone.
type Check struct {
	Action Word `json:"action,omitempty"`
	// Limit is for max-unavailable: a count of pods, or a percent.
	Limit *intstr.IntOrString `json:"limit,omitempty"`
	// EnforceFrom is when Enforce begins (RFC 3339); until then it is Warn.
	EnforceFrom *metav1.Time `json:"enforceFrom,omitempty"`
}

// Word is an action's word. YAML reads a bare Off as false; both mean Off.
type Word string

// Rollout says how a changed template is released.
type Rollout struct {
	// Strategy is rolling, canary, blue-green or batch.
	Strategy string `json:"strategy,omitempty" jsonschema:"enum=rolling,enum=canary,enum=blue-green,enum=batch"`
	// Steps are weights and how long to stay there: "20%:10m,50%:pause,100%".
	Steps string `json:"steps,omitempty"`
	// Capacity is where the new pods come from: surge keeps the old ones whole
	// until the end, replace stays within the replicas and their maxSurge. Left
	// out, batches replace and all others surge.
	Capacity string `json:"capacity,omitempty" jsonschema:"enum=surge,enum=replace"`
	// OnFailure is what follows when a rollout cannot go on: rollback, or hold for
	// a person to decide. A rolling update is watched only where this is written.
	OnFailure string `json:"onFailure,omitempty" jsonschema:"enum=rollback,enum=hold"`
	// Analysis lists the analyses that guard each step with traffic, by their names.
	Analysis *[]string `json:"analysis,omitempty"`
	// RefuseRolledBack refuses a template that was rolled back when it is applied
	// again unchanged; true where left out.
	RefuseRolledBack *bool `json:"refuseRolledBack,omitempty"`
	// Settle is how long a data plane may take to follow a change of weight.
	Settle *metav1.Duration `json:"settle,omitempty"`
	// ScaleDownDelay keeps the old pods after a promotion.
	ScaleDownDelay *metav1.Duration `json:"scaleDownDelay,omitempty"`
	// StepDeadline is how long a step may wait for its pods or its route.
	StepDeadline *metav1.Duration `json:"stepDeadline,omitempty"`
	// Windows are when a release may start, and go on; always where there are none.
	Windows *[]Window `json:"windows,omitempty"`
	// Freezes are when no release starts or goes on.
	Freezes *[]Freeze `json:"freezes,omitempty"`
	// MinStep is the least time that a step with traffic lasts.
	MinStep *metav1.Duration `json:"minStep,omitempty"`
	// MatchHosts are the hosts that a match by host may have: "next.example.com", or
	// "*.preview.example.com" for all below a domain. Any where left out, none where
	// the list is empty.
	MatchHosts *[]string `json:"matchHosts,omitempty"`
}

// Window is a time that comes again, in which releases may go forward.
type Window struct {
	// Cron is when it opens, in the five fields of a CronJob: "0 9 * * 1-5".
	Cron string `json:"cron"`
	// Duration is how long it stays open, 1m to 168h.
	Duration metav1.Duration `json:"duration"`
	// TimeZone is whose clock counts, such as Europe/Berlin; UTC where left out.
	TimeZone string `json:"timeZone,omitempty"`
}

// Freeze is a time in which no release goes forward.
type Freeze struct {
	// From is when it begins, and Until when it is over (RFC 3339).
	From  metav1.Time `json:"from"`
	Until metav1.Time `json:"until"`
	// Reason is shown to whoever waits.
	Reason string `json:"reason"`
}
