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
	// Split tells whether the routes divide the traffic: by Weight percent, by
	// Match for the requests that fit it, and by copies of Mirror percent.
	Split  bool
	Weight int
	Match  string
	Mirror int
}

// Target gives the promise of the state's stage. It is the whole of what the
// controller writes besides the state, so two controllers that read the same
// state write the same.
func (s State) Target() Target {
	if !s.InFlight() {
		return Target{Canary: CanaryServiceAbsent}
	}
	stable, canary := s.Stable.Hash, s.Canary.Hash
	if s.Phase == RollingBack && s.Give > 0 { // stable is not whole: both versions serve
		stable = ""
	}
	switch s.Stage {
	case StagePrepare, StageWithdraw, StageRestore:
		return Target{Select: stable, Canary: CanaryServiceKeep}
	case StageMix:
		return Target{Canary: CanaryServiceSelect, Split: s.serves(), Weight: s.Weight, Match: s.shown()}
	case StageScale, StageShift, StageDwell:
		service := CanaryServiceSelect
		if canary == "" {
			service = CanaryServiceKeep
		}
		return Target{Select: stable, Canary: service, Split: s.serves(), Weight: s.Weight, Match: s.shown(), Mirror: s.mirrored()}
	case StageService, StageReopen:
		return Target{Select: canary, Canary: CanaryServiceSelect, Split: true, Weight: 100, Match: s.shown()}
	case StageRoute, StageDrain, StageRelease:
		return Target{Select: canary, Canary: CanaryServiceSelect}
	case StageReturn:
		return Target{Select: stable, Canary: CanaryServiceSelect, Split: true, Weight: 100, Match: s.shown()}
	case StageWiden:
		return Target{Canary: CanaryServiceAbsent}
	default:
		return Target{Select: stable, Canary: CanaryServiceKeep}
	}
}

// shown is the match that the routes show.
func (s State) shown() string {
	if !s.Exposed {
		return ""
	}
	return s.Match
}

func percent(n int) string { return strconv.Itoa(n) + "%" }
