// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"slices"
	"time"
)

const (
	// maxMeasurements bounds those of one step; the latest are kept, which decided.
	maxMeasurements = 8
	// maxText bounds what a measurement says, in bytes.
	maxText = 200
)

// Measurement is one look of an analysis at a step.
type Measurement struct {
	Analysis string    `json:"analysis"`
	At       time.Time `json:"at"`
	// Verdict is the analysis' own word, and Text what it saw.
	Verdict string `json:"verdict"`
	Text    string `json:"text,omitempty"`
}

// Measured is the record with measurements, each at the step in which it was
// taken; what was measured outside of every step is left out.
func (r Record) Measured(all ...Measurement) Record {
	r.Steps = slices.Clone(r.Steps)
	for _, one := range all {
		at := slices.IndexFunc(r.Steps, func(s Step) bool { return !one.At.Before(s.Asked) && !one.At.After(s.Left) })
		if at < 0 {
			continue
		}
		one.Text = short(one.Text, maxText)
		kept := append(slices.Clone(r.Steps[at].Measurements), one)
		r.Steps[at].Measurements = kept[max(0, len(kept)-maxMeasurements):]
	}
	return r
}
