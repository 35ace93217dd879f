// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"fmt"
	"strings"
	"time"

	"github.com/evenkeel-dev/evenkeel/traffic/ledger"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// The curve's own measures: time goes from 0 to width, the weight from 0 at the
// bottom to 100 at the top.
const (
	width  = 1000
	height = 100
)

// Curve is the new version's weight over time, for a drawing of 1000 by 100.
type Curve struct {
	// Line and Area are paths; empty where there is nothing to draw.
	Line, Area string
	From, To   Time
	// Told says the same in words, for whoever cannot see it.
	Told string
}

// move is a change of weight.
type move struct {
	at     time.Time
	weight int
}

// curveOf draws the release in flight up to now.
func curveOf(s Seen, now time.Time) Curve {
	state := s.State
	if s.Frozen != "" || !state.InFlight() || state.Log.Began.IsZero() {
		return Curve{}
	}
	var moves []move
	for _, step := range state.Log.Steps {
		moves = append(moves, move{given(step.Given, step.Asked, state.Divides()), state.StepList().At(step.Step).Weight})
	}
	if n := len(state.Log.Steps); state.Phase == rollout.RollingBack && n > 0 && (state.Weight == 0 || !state.Divides()) {
		moves = append(moves, move{state.Log.Steps[n-1].Left, 0})
	}
	return draw(moves, state.Log.Began, now, now)
}

// pastCurve draws a release that is over.
func pastCurve(r ledger.Record, now time.Time) Curve {
	if r.Started.IsZero() || len(r.Steps) == 0 {
		return Curve{}
	}
	divided := false
	for _, step := range r.Steps {
		divided = divided || !step.Given.IsZero()
	}
	var moves []move
	for _, step := range r.Steps {
		moves = append(moves, move{given(step.Given, step.Asked, divided), rollout.StepsOrLast(step.Step).At(0).Weight})
	}
	if r.Result != string(rollout.Completed) {
		moves = append(moves, move{r.Steps[len(r.Steps)-1].Left, 0})
	}
	return draw(moves, r.Started, r.Ended, now)
}

// given is when a step got its weight: where nothing divides the traffic, when its
// pods were asked for.
func given(given, asked time.Time, divided bool) time.Time {
	if divided {
		return given
	}
	return asked
}

// draw makes the paths. What did not happen, or not in the time that is drawn, is
// left out.
func draw(moves []move, from, to, now time.Time) Curve {
	whole := to.Sub(from)
	if whole <= 0 {
		return Curve{}
	}
	var line, told strings.Builder
	fmt.Fprintf(&line, "M0 %d", height)
	last := 0
	for _, m := range moves {
		if m.at.IsZero() || m.at.Before(from) || m.at.After(to) || m.weight == last {
			continue
		}
		fmt.Fprintf(&line, " H%d V%d", int(float64(width)*float64(m.at.Sub(from))/float64(whole)), height-m.weight)
		fmt.Fprintf(&told, ", %d%% after %s", m.weight, span(m.at.Sub(from)))
		last = m.weight
	}
	fmt.Fprintf(&line, " H%d", width)
	return Curve{
		Line: line.String(), Area: line.String() + fmt.Sprintf(" V%d Z", height), From: moment(from, now), To: moment(to, now),
		Told: "the new version's weight: 0%" + told.String(),
	}
}
