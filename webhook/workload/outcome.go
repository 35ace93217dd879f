// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"fmt"
	"time"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// Outcome is what a review adds to the policy's plan for the sake of a rollout.
type Outcome struct {
	Changes  []policy.Change
	Warnings []string
	Denied   string
	// Plainly says why a release that was asked for is a plain rolling update; empty
	// where it is not, and where no pod changes by it.
	Plainly string
}

// Plain answers a rolling update that takes the place of a release with a gate, at
// a time that is closed: by the check of rolling updates.
func (f Outcome) Plain(p policy.Policy, w policy.Workload, annotations map[string]string, now time.Time) Outcome {
	const check = "release-window"
	text := annotations[policy.OverrideAnnotation]
	message := p.Ungated(w, text, now)
	if message == "" || p.Emergency.Override(text, now).Lets(check, now) {
		return f
	}
	switch p.Checks.Action(check, now) {
	case policy.Enforce:
		return Outcome{Denied: fmt.Sprintf("evenkeel: release-window: %s", message)}
	case policy.Warn:
		f.Warnings = append(f.Warnings, "evenkeel: "+policy.Violation{Check: check, Message: message}.Line())
	}
	return f
}
