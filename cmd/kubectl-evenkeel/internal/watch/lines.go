// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"errors"
	"fmt"
	"io"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/flight"
	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/status"
)

// Lines writes a line for each thing that is new, where nobody looks at a screen,
// until the rollout has ended, and gives the last look. It waits for none that is
// not there: what is not in flight at the first look has ended. It fails for what
// is gone, and for what nobody lets it see.
func Lines(to io.Writer, sights <-chan flight.Sight, now func() time.Time) (flight.Flight, error) {
	var last flight.Flight
	told := ""
	for sight := range sights {
		if line := Line(sight); line != told {
			told = line
			fmt.Fprintf(to, "%s  %s\n", now().UTC().Format(time.TimeOnly), line)
		}
		switch {
		case sight.Gone:
			return last, errors.New("the workload is not there")
		case apierrors.IsForbidden(sight.Err):
			return last, sight.Err
		case sight.Err != nil:
			continue
		}
		last = sight.Flight
		if !last.InFlight() && last.Unread == "" {
			return last, nil
		}
	}
	return last, nil
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
	case f.Ended() && f.Reason != "":
		return fmt.Sprintf("%s: %s", f.Phase, f.Reason)
	case f.Ended():
		return string(f.Phase)
	default:
		return fmt.Sprintf("%s step %s, %d%%, stable %s, canary %s, until %s", f.Phase, f.Place(), f.Weight, f.Stable, f.Canary, status.WaitsFor(f))
	}
}
