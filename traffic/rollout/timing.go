// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import "time"

// Timing holds the waits of a rollout, frozen when it starts.
type Timing struct {
	// Settle is how long a data plane may take to follow a change.
	Settle Duration `json:"settle"`
	// ScaleDownDelay keeps stable's pods after the promotion.
	ScaleDownDelay Duration `json:"scaleDownDelay"`
	// StepDeadline is how long a stage may wait before the rollout rolls back.
	StepDeadline Duration `json:"stepDeadline"`
	// MinStep is the least time that a step with traffic lasts.
	MinStep Duration `json:"minStep,omitempty"`
}

// Duration is a time.Duration that is written as Go writes it ("1m30s").
type Duration time.Duration

// MarshalText writes the duration as Go writes it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads a Go duration.
func (d *Duration) UnmarshalText(text []byte) error {
	value, err := time.ParseDuration(string(text))
	*d = Duration(value)
	return err
}
