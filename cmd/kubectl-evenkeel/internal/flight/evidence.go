// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package flight

import (
	"time"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// Measurement is the newest answer of one analysis, as the state keeps it.
type Measurement struct {
	Analysis string    `json:"analysis"`
	Verdict  string    `json:"verdict"`
	Says     string    `json:"says,omitempty"`
	At       time.Time `json:"at,omitzero"`
}

// evidence are the newest measurements of the current step; of a state without
// analyses there are none.
func evidence(state string) []Measurement {
	var kept struct {
		Analyses []rollout.Analysis `json:"analyses"`
	}
	if err := rollout.DecodeState(state, &kept); err != nil {
		return nil // the Flight says that it cannot be read
	}
	var out []Measurement
	for _, a := range kept.Analyses {
		if a.Last != nil {
			out = append(out, Measurement{a.Name, string(a.Last.Verdict), a.Last.Says, a.Last.At})
		}
	}
	return out
}
