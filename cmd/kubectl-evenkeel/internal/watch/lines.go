// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"fmt"
	"io"
	"time"

	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/flight"
	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/status"
)

// Lines writes a line for each thing that is new, where nobody looks at a screen,
// until the rollout has ended. It gives the last look, and whether that was the end.
func Lines(to io.Writer, sights <-chan flight.Sight, now func() time.Time) (flight.Flight, bool) {
	var before flight.Flight
	told := ""
	for sight := range sights {
		line := Line(sight)
		if line != told {
			told = line
			fmt.Fprintf(to, "%s  %s\n", now().UTC().Format(time.TimeOnly), line)
		}
		if sight.Err != nil || sight.Gone {
			continue
		}
		if Over(before, sight.Flight) {
			return sight.Flight, true
		}
		before = sight.Flight
	}
	return before, false
}

// Line says all of a look in one line.
func Line(sight flight.Sight) string {
	f := sight.Flight
	switch {
	case sight.Err != nil:
		return sight.Err.Error()
	case sight.Gone:
		return "it is not there"
	case f.Unread != "":
		return f.Unread
	case f.Phase == "":
		return "nothing is in flight"
	case f.Ended():
		return fmt.Sprintf("%s: %s", f.Phase, status.WaitsFor(f))
	default:
		return fmt.Sprintf("%s step %s, %d%%, stable %s, canary %s, until %s", f.Phase, f.Place(), f.Weight, f.Stable, f.Canary, status.WaitsFor(f))
	}
}
