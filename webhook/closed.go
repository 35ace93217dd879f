// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// notice tells what a release that starts, or starts over, waits for.
func (d *deployment) notice(state rollout.State) []string {
	if state.Strategy == rollout.Rolling { // it has no gate
		return nil
	}
	return d.policy.Notice(d.named(), d.incoming.Annotations[policy.OverrideAnnotation], d.now)
}

func (d *deployment) named() policy.Workload {
	return policy.Workload{Kind: "Deployment", Namespace: d.incoming.Namespace, Name: d.incoming.Name}
}

// closed says why a person cannot skip to the last step now; empty where it can be
// done, or skips nothing.
func (d *deployment) closed(action rollout.Action, state rollout.State) string {
	if action != rollout.ActionSkip || !skips(state.Phase, state.Step, state.StepList()) {
		return ""
	}
	return d.policy.Refusal(d.named(), d.incoming.Annotations[policy.OverrideAnnotation], d.now)
}

// skips tells whether the last step is yet to come.
func skips(phase rollout.Phase, step int, steps rollout.Steps) bool {
	return phase == rollout.Stepping && step+1 < len(steps)
}

// overrideBy is who wrote the emergency's annotation, where this write did; else
// who is known already.
func (d *deployment) overrideBy(before string) string {
	return overrideBy(d.old.Annotations, d.incoming.Annotations, d.requester, before)
}

func overrideBy(old, incoming map[string]string, requester, before string) string {
	switch value := incoming[policy.OverrideAnnotation]; value {
	case "":
		return ""
	case old[policy.OverrideAnnotation]:
		return before
	default:
		return requester
	}
}

// notice tells what batches that start, or start over, wait for.
func (w *workload) notice() []string {
	return w.guarded().Notice(w.named(), w.incoming.Metadata.Annotations[policy.OverrideAnnotation], w.now)
}

func (w *workload) named() policy.Workload {
	return policy.Workload{Kind: w.kind, Namespace: w.incoming.Metadata.Namespace, Name: w.incoming.Metadata.Name}
}

// guarded is what of the policy closes the way forward.
func (w *workload) guarded() policy.Policy {
	return policy.Policy{Rollout: w.rollout, Emergency: w.emergency}
}

// closed says why a person cannot skip to the last batch now.
func (w *workload) closed(state batch.State) string {
	annotations := w.incoming.Metadata.Annotations
	if rollout.Action(annotations[rollout.ActionAnnotation]) != rollout.ActionSkip || !skips(state.Phase, state.Step, state.StepList()) {
		return ""
	}
	return w.guarded().Refusal(w.named(), annotations[policy.OverrideAnnotation], w.now)
}

// overrideBy is who wrote the emergency's annotation.
func (w *workload) overrideBy(before string) string {
	return overrideBy(w.old.Metadata.Annotations, w.incoming.Metadata.Annotations, w.requester, before)
}
