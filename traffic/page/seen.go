// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"time"

	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/ledger"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// Seen is one workload that has a release, or had one, as the cluster shows it.
type Seen struct {
	// Kind is Deployment, StatefulSet or DaemonSet.
	Kind, Namespace, Name string
	// State is what the workload's annotation says; see Batches.
	State rollout.State
	// Frozen says why the state cannot be read; empty where it can.
	Frozen string
	// Hasty tells that an emergency lifts the least time of a step.
	Hasty bool
	// Replicas is how many pods were asked for, Ready how many are ready.
	Replicas, Ready int32
	Stable, Canary  Pods
	// Unwell says what is wrong with the new version's pods; empty where nothing is, or
	// where nobody looked.
	Unwell string
}

// LacksPods tells whether some of the new version's pods may not be ready: of batches
// the status does not tell. On the way back they are going.
func (s Seen) LacksPods() bool {
	onTheWay := s.State.InFlight() && s.State.Phase != rollout.RollingBack
	return onTheWay && s.Canary.Total > 0 && s.Canary.Ready < s.Canary.Total
}

// Pods are those of one version.
type Pods struct {
	Total int32
	// Ready is how many of them are ready; below 0 where that is not known.
	Ready int32
	// Images are those that the version changes, or all of them.
	Images []string
}

// Batches reads the state of a StatefulSet or DaemonSet into the words of a
// Deployment's.
func Batches(s batch.State) rollout.State {
	if s.Phase == "" {
		return rollout.State{}
	}
	return rollout.State{
		Strategy: rollout.Batch, OnFailure: s.OnFailure, Phase: s.Phase, Stage: s.Stage, Step: s.Step, Steps: s.Steps, Since: s.Since, Seen: s.Seen,
		Stable: s.Stable.Told(), Canary: s.Canary.Told(), Timing: s.Timing, Held: s.Held, Told: s.Told, Reason: s.Reason, Wait: s.Wait, Log: s.Log,
	}
}

// Past is what the ledger of a workload says.
type Past struct {
	Records []ledger.Record
	// Unread says why the ledger, or a part of it, cannot be read.
	Unread string
}

// worth tells whether there is something to look at: a release that is over is
// forgotten after a while, or when the cluster has many.
func (s Seen) worth(now time.Time) bool {
	return s.Frozen != "" || s.State.InFlight() || (s.State.Phase != "" && now.Sub(s.State.Since) <= keptFor)
}
