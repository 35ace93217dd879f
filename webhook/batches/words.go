// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package batches

import (
	"fmt"
	"strings"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/webhook/workload"
)

// starts tells what a release that starts will do.
func (w *write) starts(s batch.State) []string {
	how := "its pods change, the traffic goes to every ready one"
	if s.Divides() {
		how = "traffic moves by " + workload.Quoted("Service", s.Services)
	}
	if names := s.Analyses.Guards(); len(names) > 0 {
		how += "; guarded by " + strings.Join(names, ", ")
	}
	lines := []string{fmt.Sprintf("evenkeel: batches %s start; %s; follow them with: kubectl events -n %s --for %s/%s",
		s.Steps, how, w.old.Metadata.Namespace, strings.ToLower(w.kind), w.old.Metadata.Name)}
	if note := batch.Note(*s.User); note != "" {
		lines = append(lines, "evenkeel: "+note)
	}
	for _, step := range s.StepList() {
		if step.Weight == 0 {
			continue
		}
		if s.Divides() && step.Weight >= s.Turn && step.Room() < defaultTurn {
			lines = append(lines, fmt.Sprintf("evenkeel: step %s has %d%% of the pods, and they get all the traffic; where that is too few, take %s off", step, step.Room(), policy.TurnAnnotation))
		}
		break
	}
	return lines
}

// notice tells what batches that start, or start over, wait for.
func (w *write) notice() []string {
	return w.policy.Notice(w.named(), w.incoming.Metadata.Annotations[policy.OverrideAnnotation], w.now)
}

func (w *write) named() policy.Workload {
	return policy.Workload{Kind: w.kind, Namespace: w.incoming.Metadata.Namespace, Name: w.incoming.Metadata.Name}
}

// closed says why a person cannot skip to the last batch now.
func (w *write) closed(state batch.State) string {
	annotations := w.incoming.Metadata.Annotations
	if rollout.Action(annotations[rollout.ActionAnnotation]) != rollout.ActionSkip || !workload.Skips(state.Phase, state.Step, state.StepList()) {
		return ""
	}
	return w.policy.Refusal(w.named(), annotations[policy.OverrideAnnotation], w.now)
}

// overrideBy is who wrote the emergency's annotation.
func (w *write) overrideBy(before string) string {
	return workload.OverrideBy(w.old.Metadata.Annotations, w.incoming.Metadata.Annotations, w.requester, before)
}
