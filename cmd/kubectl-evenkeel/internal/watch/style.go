// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/flight"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// Style tells whether there are colours; its zero value has none.
type Style struct{ Colors bool }

// in styles each line by itself: several together would be filled up with spaces.
func (s Style) in(style lipgloss.Style, text string) string {
	if !s.Colors || text == "" {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = style.Render(line)
	}
	return strings.Join(lines, "\n")
}

func (s Style) good(text string) string {
	return s.in(lipgloss.NewStyle().Foreground(lipgloss.Green), text)
}

// bad is for what somebody has to look at, failed for what went wrong.
func (s Style) bad(text string) string {
	return s.in(lipgloss.NewStyle().Foreground(lipgloss.Yellow), text)
}

func (s Style) failed(text string) string {
	return s.in(lipgloss.NewStyle().Foreground(lipgloss.Red), text)
}

func (s Style) canary(text string) string {
	return s.in(lipgloss.NewStyle().Foreground(lipgloss.Cyan), text)
}

func (s Style) dim(text string) string { return s.in(lipgloss.NewStyle().Faint(true), text) }

func (s Style) strong(text string) string { return s.in(lipgloss.NewStyle().Bold(true), text) }

// Phase gives a word about a rollout the colour of its phase: that of failure where
// it goes back or went back, that of trouble where a person is needed.
func (s Style) Phase(f flight.Flight, text string) string {
	switch {
	case f.Phase == rollout.RollingBack, f.Phase == rollout.RolledBack:
		return s.failed(text)
	case f.NeedsPerson():
		return s.bad(text)
	case f.Phase == rollout.Completed:
		return s.good(text)
	default:
		return s.canary(text)
	}
}
