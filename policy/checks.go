// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import "k8s.io/apimachinery/pkg/util/intstr"

// Action is what follows from a violated check.
type Action string

// The actions, from the strictest to none.
const (
	Enforce Action = "Enforce" // the request is refused
	Warn    Action = "Warn"    // the requester sees a warning
	Audit   Action = "Audit"   // it is recorded in the plan alone
	Off     Action = "Off"     // it is not looked at
)

// Checks says what follows from each check.
type Checks struct {
	Default Action
	// Actions holds the checks that differ from Default, by name.
	Actions map[string]Action
	// MaxUnavailable is the limit of the check max-unavailable: a percent or a count.
	MaxUnavailable intstr.IntOrString
}

// Action gives what follows from a check.
func (c Checks) Action(check string) Action {
	if action, ok := c.Actions[check]; ok {
		return action
	}
	return c.Default
}

// CheckNames lists the checks that there are, sorted.
func CheckNames() []string {
	return []string{"floor-zero", "inject", "malformed-percent", "max-unavailable", "probe", "steps", "strategy", "zero-progress"}
}
