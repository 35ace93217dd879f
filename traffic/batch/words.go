// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package batch

import (
	"fmt"
	"strings"
	"time"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// stageWaits is what each stage waits for when all goes well.
var stageWaits = map[rollout.Stage]string{
	StagePrepare: "the first batch may start",
	StageClear:   "the Services lead away from the pods that the batch takes, and the data plane follows",
	StageBatch:   "the batch's pods are new and ready",
	StageTurn:    "the Services lead to the new pods alone, and the data plane follows",
	StageDwell:   "the step's time is over",
	StageRelease: "the old pods are gone",
	StageReturn:  "the Services lead away from the new pods, and the data plane follows",
	StageRestore: "the new pods are gone",
	StageWiden:   "the Services select what their owners wrote",
}

// The waits that are not part of a smooth rollout.
const (
	waitHeld         = "a person lets it go on (annotation evenkeel.dev/action: continue)"
	waitPerson       = "a person says so (annotation evenkeel.dev/action: continue, skip or rollback)"
	waitReplicas     = "there are replicas again (their pods come as new ones)"
	waitStays        = "the old pods that the Services lead to are ready"
	waitServices     = "the Services select again what the rollout wrote"
	waitWhole        = "stable's pods are ready"
	waitRendering    = "the admission webhook renders the workload's fields"
	waitObserved     = "the stock controller has seen the workload"
	waitRevision     = "the stock controller has made a revision of the template"
	waitUnknownStage = "a version of Evenkeel that knows this stage"
)

// The reasons for going back that a rule gives.
const (
	reasonNewGone      = "no new pod is ready while the Services lead to them alone"
	reasonSameTemplate = "the new template is the stable one"
)

func waitExists(service string) string { return fmt.Sprintf("Service %q exists", service) }

func waitOthers(service string) string {
	return fmt.Sprintf("Service %q leads to this workload's pods alone: it also selects pods of another one", service)
}

func waitTaken(service, by string) string {
	return fmt.Sprintf("Service %q is free: the rollout of %s has it", service, by)
}

func waitRefused(why string) string { return "pods can be made: " + why }

func waitPartition(partition, replicas int32) string {
	return fmt.Sprintf("updateStrategy.rollingUpdate.partition (%d) is below the replicas (%d)", partition, replicas)
}

func waitDecision(wait string) string {
	return "a person decides (annotation evenkeel.dev/action: skip or rollback): no longer waiting until " + wait
}

func waitLong(wait string, d rollout.Duration) string {
	return fmt.Sprintf("a person looks: for longer than %s it waits until %s", time.Duration(d), wait)
}

func deadlineReason(wait string, d rollout.Duration) string {
	return fmt.Sprintf("waited %s for this to happen: %s", time.Duration(d), wait)
}

func eventStarted(s State) *rollout.Event {
	text := fmt.Sprintf("batches %s; stable is %s", s.Steps, s.Stable.Name)
	if names := s.Analyses.Guards(); len(names) > 0 {
		text += "; guarded by " + strings.Join(names, ", ")
	}
	if note := Note(*s.User); note != "" {
		text += "; " + note
	}
	return &rollout.Event{Reason: "RolloutStarted", Message: text}
}

func eventWaiting(s State) *rollout.Event {
	return &rollout.Event{Reason: "RolloutWaiting", Wait: rollout.KindOfWait(s.Wait), Message: fmt.Sprintf("%s until %s", s.where(), s.Wait)}
}

func eventBatch(s State, want, replicas int32) *rollout.Event {
	return &rollout.Event{Reason: "BatchStarted", Message: fmt.Sprintf("%s: %d of %d pods become %s", s.where(), want, replicas, s.Canary.Name)}
}

func eventResized(s State, replicas int32) *rollout.Event {
	return &rollout.Event{Reason: "BatchResized", Message: fmt.Sprintf("%s: of now %d pods those from ordinal %d on are new", s.where(), replicas, s.Partition)}
}

func eventReady(s State, ready, replicas int32) *rollout.Event {
	return &rollout.Event{Reason: "BatchReady", Message: fmt.Sprintf("%s: %d of %d pods are %s", s.where(), ready, replicas, s.Canary.Name)}
}

func eventUnready(s State, ready, want int32) *rollout.Event {
	return &rollout.Event{Reason: "BatchUnready", Warning: true, Message: fmt.Sprintf("%s: %d of the batch's %d pods are ready", s.where(), ready, want)}
}

func eventAnother(s State) *rollout.Event {
	return &rollout.Event{Reason: "TemplateChanged", Warning: true, Message: fmt.Sprintf("%s: the template is now %s; its batch starts again", s.where(), s.Canary.Name)}
}

func eventUnheld(s State) *rollout.Event {
	return &rollout.Event{Reason: "TemplateChanged", Warning: true, Message: fmt.Sprintf("%s: the template is now %s, which the stock controller rolls out by itself", s.where(), s.Canary.Name)}
}

func eventServes(s State) *rollout.Event {
	whom := "every ready pod"
	switch s.Serve {
	case Old:
		whom = s.Stable.Name + " alone"
	case New:
		whom = s.Canary.Name + " alone"
	}
	return &rollout.Event{Reason: "TrafficMoved", Message: fmt.Sprintf("%s: the Services lead to %s", s.where(), whom)}
}

// eventDeleting names the first few pods.
func eventDeleting(s State, pods []Pod) *rollout.Event {
	const most = 5
	names := make([]string, 0, most)
	for _, pod := range pods[:min(len(pods), most)] {
		names = append(names, pod.Name)
	}
	text := strings.Join(names, ", ")
	if len(pods) > most {
		text += fmt.Sprintf(" and %d more", len(pods)-most)
	}
	if s.ordinal() {
		return &rollout.Event{Reason: "BrokenPodDeleted", Warning: true, Message: fmt.Sprintf("%s: delete pod %s, not ready and in the stock controller's way", s.where(), text)}
	}
	return &rollout.Event{Reason: "PodDeleted", Message: fmt.Sprintf("%s: delete pod %s", s.where(), text)}
}

func eventPromoting(s State) *rollout.Event {
	return &rollout.Event{Reason: "RolloutPromoting", Message: fmt.Sprintf("%s becomes stable", s.Canary.Name)}
}

func eventRollingBack(s State) *rollout.Event {
	return &rollout.Event{Reason: "RolloutRollingBack", Warning: true, Message: fmt.Sprintf("going back to %s: %s", s.Stable.Name, s.Reason)}
}

func eventRestoring(s State) *rollout.Event {
	return &rollout.Event{Reason: "TemplateRestored", Message: fmt.Sprintf("the template of %s is restored", s.Stable.Name)}
}

func eventEnded(s State) *rollout.Event {
	if s.Phase == rollout.RolledBack {
		return &rollout.Event{Reason: "RolloutRolledBack", Warning: true, Message: fmt.Sprintf("back on %s: %s", s.Stable.Name, s.Reason)}
	}
	return &rollout.Event{Reason: "RolloutCompleted", Message: fmt.Sprintf("the pods are %s", s.Canary.Name)}
}

// where names the place of the rollout for a person.
func (s State) where() string {
	if s.Phase != rollout.Stepping {
		return string(s.Phase)
	}
	return fmt.Sprintf("step %d of %d (%s)", s.Step+1, len(s.StepList()), s.Current())
}
