// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"time"

	"k8s.io/apimachinery/pkg/util/intstr"
)

// Action is what follows from a violated check.
type Action string

// The actions, from the strictest to none.
const (
	Enforce Action = "Enforce" // the request is refused
	Warn    Action = "Warn"    // the requester sees a warning
	Audit   Action = "Audit"   // it is recorded and counted, and nobody is told
	Off     Action = "Off"     // it is not looked at
)

// Checks says what follows from each check.
type Checks struct {
	Default Action
	// Actions holds the checks that differ from Default, by name.
	Actions map[string]Action
	// EnforceFrom is when Enforce begins, by check; until then it is Warn.
	EnforceFrom map[string]time.Time
	// MaxUnavailable is the limit of the check max-unavailable: a percent or a count.
	MaxUnavailable intstr.IntOrString
}

// Action gives what follows from a check at a time.
func (c Checks) Action(check string, now time.Time) Action {
	action, named := c.Actions[check]
	if !named {
		action = c.Default
	}
	if action == Enforce && now.Before(c.EnforceFrom[check]) {
		return Warn
	}
	return action
}

// CheckInfo is what there is to know about a check without looking at anything.
type CheckInfo struct {
	Name string
	// Action is what follows where no policy says otherwise.
	Action Action
	// Summary is one line for people.
	Summary string
}

// AllChecks lists the checks that there are, in the order in which they are
// looked at. What no one can want is refused; the rest warns.
func AllChecks() []CheckInfo {
	return []CheckInfo{
		{"malformed-percent", Enforce, "maxSurge or maxUnavailable is neither a count nor a percent"},
		{"zero-progress", Enforce, "maxSurge and maxUnavailable both come to 0, so no pod could ever be replaced"},
		{"floor-zero", Enforce, "a rollout of two replicas or more may leave no pod ready"},
		{"max-unavailable", Enforce, "a rollout may take down more pods than the policy's limit"},
		{"single-replica", Warn, "one replica and no surge: every rollout is an outage"},
		{"recreate", Warn, "strategy Recreate stops every pod before the first new one starts"},
		{"hpa-floor", Warn, "at the autoscaler's smallest or largest size the rollout is not safe any more"},
		{"pdb", Warn, "a PodDisruptionBudget that a rollout or a drain can never satisfy"},
		{"surge-quota", Warn, "the pods of the surge do not fit into a ResourceQuota"},
		{"rwo-surge", Warn, "a ReadWriteOnce claim and a surge: the new pod can wait for the old one's volume for ever"},
		{"host-port", Warn, "a hostPort and a surge: the new pod can wait for the old one's port for ever"},
		{"readiness-missing", Warn, "a container that a Service leads to has no readiness probe"},
		{"probe-port", Enforce, "a probe asks a named port that its container does not have"},
		{"probe-budget", Warn, "the probes allow a pod more time to start than progressDeadlineSeconds does"},
		{"deadline", Warn, "progressDeadlineSeconds is too short for a pod to become available"},
		{"grace", Warn, "preStop takes as long as the grace period, so the process is killed without a signal to end"},
		{"selector-version", Warn, "the selector, which can never change, contains a version"},
		{"mutable-tag", Warn, "an image without a tag, or with one that moves"},
		{"strategy", Enforce, "the annotation evenkeel.dev/strategy names no strategy"},
		{"steps", Enforce, "the steps of a canary cannot be read, or decrease"},
		{"analysis", Enforce, "an analysis that the policy does not have"},
		{"no-route", Warn, "a canary without a route that can divide its traffic"},
		{"release-window", Warn, "a rolling update, which has no gate, outside the release windows or in a freeze"},
		{"probe", Enforce, "the annotation evenkeel.dev/probe cannot be read, or names what does not exist"},
		{"inject", Enforce, "the annotation evenkeel.dev/inject cannot be read"},
		{"override", Enforce, "the annotation evenkeel.dev/override cannot be read, or asks for more than the policy lets it"},
	}
}

// CheckNames lists the names of AllChecks.
func CheckNames() []string {
	var names []string
	for _, check := range AllChecks() {
		names = append(names, check.Name)
	}
	return names
}

// defaultChecks are the actions where no policy says otherwise.
func defaultChecks() Checks {
	c := Checks{Default: Enforce, Actions: map[string]Action{}, MaxUnavailable: intstr.FromString("50%")}
	for _, check := range AllChecks() {
		if check.Action != c.Default {
			c.Actions[check.Name] = check.Action
		}
	}
	return c
}
