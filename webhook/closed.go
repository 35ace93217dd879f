// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/webhook/workload"
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
	if action != rollout.ActionSkip || !workload.Skips(state.Phase, state.Step, state.StepList()) {
		return ""
	}
	return d.policy.Refusal(d.named(), d.incoming.Annotations[policy.OverrideAnnotation], d.now)
}

// overrideBy is who wrote the emergency's annotation, where this write did; else
// who is known already.
func (d *deployment) overrideBy(before string) string {
	return workload.OverrideBy(d.old.Annotations, d.incoming.Annotations, d.requester, before)
}
