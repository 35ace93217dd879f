// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"time"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// The kinds of workloads that are asked about.
const (
	Deployment  = "Deployment"
	StatefulSet = "StatefulSet"
	DaemonSet   = "DaemonSet"
)

// Question is one analysis of one rollout at one time.
type Question struct {
	Spec      Spec
	Namespace string
	// Kind is that of the workload, and Deployment its name, whatever it is.
	Kind, Deployment string
	// State is that of the rollout: its versions, Services, routes and weight.
	State rollout.State
	// Since is when the weight was accepted that is asked about.
	Since time.Time
	// At is when it is asked.
	At time.Time
}

// Alone tells that stable gets no requests, so that there is nothing to compare with.
func (q Question) Alone() bool { return q.State.Weight >= 100 }

// compares tells whether stable is asked about, too.
func (q Question) compares() bool { return q.Spec.Compare != nil && !q.Alone() }

// Both tells for which versions there are questions: the canary, and stable where
// the two are compared.
func (q Question) Both() []Version {
	if q.compares() {
		return []Version{Canary, Stable}
	}
	return []Version{Canary}
}

// window is how far back a query looks: not to before the weight was accepted,
// when another canary may have been there.
func (q Question) window() time.Duration {
	window := q.At.Sub(q.Since).Truncate(time.Second)
	return max(min(window, q.Spec.Prometheus.Window), time.Second)
}

// Version is one of the two that a question is about.
type Version string

// The versions.
const (
	Canary Version = "canary"
	Stable Version = "stable"
)

// Sample is a value of one version, and of how many requests it was made.
type Sample struct {
	// Known tells that there is a value at all.
	Known bool
	Value float64
	// Counted tells that Count is known.
	Counted bool
	Count   float64
}

// Reading is an answer. A gate gives a Verdict of its own, all others Samples.
type Reading struct {
	Samples map[Version]Sample
	// Pods are what was seen of the pods.
	Pods map[Version]Health
	// Verdict and Says are a gate's own word.
	Verdict rollout.Verdict
	Says    string
}
