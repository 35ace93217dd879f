// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import "strconv"

// CanaryService says what is to become of the Services for the canary.
type CanaryService string

// What a stage asks of the Services for the canary.
const (
	CanaryServiceKeep   CanaryService = "keep"   // as it is, whatever it is
	CanaryServiceSelect CanaryService = "select" // exists and selects the canary's pods
	CanaryServiceAbsent CanaryService = "absent"
)

// Target is what a State promises about the objects around its Deployment.
type Target struct {
	// Select is the pod-template-hash that the users' Services are narrowed to;
	// empty means that they select what the user wrote.
	Select string
	Canary CanaryService
	// Split tells whether the routes divide the traffic, by Weight percent.
	Split  bool
	Weight int
}

// Target gives the promise of the state's stage. It is the whole of what the
// controller writes besides the state, so two controllers that read the same
// state write the same.
func (s State) Target() Target {
	if !s.InFlight() {
		return Target{Canary: CanaryServiceAbsent}
	}
	stable, canary := s.Stable.Hash, s.Canary.Hash
	switch s.Stage {
	case StagePrepare, StageWithdraw, StageRestore:
		return Target{Select: stable, Canary: CanaryServiceKeep}
	case StageScale, StageShift, StageDwell:
		service := CanaryServiceSelect
		if canary == "" {
			service = CanaryServiceKeep
		}
		return Target{Select: stable, Canary: service, Split: s.Weight > 0, Weight: s.Weight}
	case StageService, StageReopen:
		return Target{Select: canary, Canary: CanaryServiceSelect, Split: true, Weight: 100}
	case StageRoute, StageDrain, StageRelease:
		return Target{Select: canary, Canary: CanaryServiceSelect}
	case StageReturn:
		return Target{Select: stable, Canary: CanaryServiceSelect, Split: true, Weight: 100}
	case StageWiden:
		return Target{Canary: CanaryServiceAbsent}
	default:
		return Target{Select: stable, Canary: CanaryServiceKeep}
	}
}

func percent(n int) string { return strconv.Itoa(n) + "%" }
