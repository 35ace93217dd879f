// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"cmp"
	"time"
)

// again is how long a stable that was told about in a stage has to be sick once more
// until it is told again: readiness that flaps is one sickness, not many.
const again = time.Minute

// sick waits for a stable that does not carry its share. Neither way is safe by
// itself, since going back gives it all the traffic and going on takes its pods: a
// person is told once a data plane would have followed, and again after the deadline.
// Until stable is well, the step's own time stands still.
func (s Snapshot) sick(now time.Time) (outcome, bool) {
	state, wait := s.State, cmp.Or(s.lost(), s.weak())
	if wait == "" {
		return outcome{}, false
	}
	if state.Seen.IsZero() {
		state.Seen = stamp(now)
		return outcome{next: &state}, true
	}
	patience := time.Duration(state.Timing.Settle)
	if state.Warned {
		patience = max(patience, again)
	}
	if o, over := until(state.Seen, patience, now, state.Wait); !over {
		return o, true
	}
	if state.Warned {
		return outcome{wait: wait, from: state.Seen, lasting: true}, true
	}
	state.Wait, state.Warned = wait, true
	return outcome{next: &state, event: eventStableUnready(state)}, true
}

// weak says that stable has fewer ready pods than its share of the traffic needs.
func (s Snapshot) weak() string {
	state := s.State
	if state.Divides() && s.Stable.Ready < s.Replicas-max(carries(state.Weight, s.Replicas), down(s.Replicas, state.Give)) {
		return waitStable
	}
	return ""
}
