// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"fmt"
	"time"

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
	return w.policy.Notice(w.named(), w.incoming.Metadata.Annotations[policy.OverrideAnnotation], w.now)
}

func (w *workload) named() policy.Workload {
	return policy.Workload{Kind: w.kind, Namespace: w.incoming.Metadata.Namespace, Name: w.incoming.Metadata.Name}
}

// closed says why a person cannot skip to the last batch now.
func (w *workload) closed(state batch.State) string {
	annotations := w.incoming.Metadata.Annotations
	if rollout.Action(annotations[rollout.ActionAnnotation]) != rollout.ActionSkip || !skips(state.Phase, state.Step, state.StepList()) {
		return ""
	}
	return w.policy.Refusal(w.named(), annotations[policy.OverrideAnnotation], w.now)
}

// overrideBy is who wrote the emergency's annotation.
func (w *workload) overrideBy(before string) string {
	return overrideBy(w.old.Metadata.Annotations, w.incoming.Metadata.Annotations, w.requester, before)
}

// plain answers a rolling update that takes the place of a release with a gate, at
// a time that is closed: by the check of rolling updates.
func (f flight) plain(p policy.Policy, w policy.Workload, annotations map[string]string, now time.Time) flight {
	const check = "release-window"
	text := annotations[policy.OverrideAnnotation]
	message := p.Ungated(w, text, now)
	if message == "" || p.Emergency.Override(text, now).Lets(check, now) {
		return f
	}
	switch p.Checks.Action(check, now) {
	case policy.Enforce:
		return flight{denied: fmt.Sprintf("evenkeel: release-window: %s", message)}
	case policy.Warn:
		f.warnings = append(f.warnings, "evenkeel: "+policy.Violation{Check: check, Message: message}.Line())
	}
	return f
}
