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

func (s Style) bad(text string) string {
	return s.in(lipgloss.NewStyle().Foreground(lipgloss.Yellow), text)
}

func (s Style) canary(text string) string {
	return s.in(lipgloss.NewStyle().Foreground(lipgloss.Cyan), text)
}

func (s Style) dim(text string) string { return s.in(lipgloss.NewStyle().Faint(true), text) }

func (s Style) strong(text string) string { return s.in(lipgloss.NewStyle().Bold(true), text) }

// Phase gives a word about a rollout the colour of its phase: that of trouble where
// a person is needed, or it goes back.
func (s Style) Phase(f flight.Flight, text string) string {
	switch {
	case f.NeedsPerson(), f.Phase == rollout.RollingBack:
		return s.bad(text)
	case f.Phase == rollout.Completed:
		return s.good(text)
	default:
		return s.canary(text)
	}
}
