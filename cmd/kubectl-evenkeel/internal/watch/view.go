// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/act"
	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/flight"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// View draws the screen.
func (m Model) View() tea.View { return tea.NewView(m.Text()) }

// Text is the screen.
func (m Model) Text() string {
	var parts []string
	switch f := m.flight; {
	case !m.seen:
		parts = []string{fmt.Sprintf("looking for %s %s ...", m.Target.Kind, m.Target.Name)}
	case m.gone:
		parts = []string{m.Style.bad(fmt.Sprintf("%s %s is not there", m.Target.Kind, m.Target.Name))}
	case f.Unread != "":
		parts = []string{m.head(), m.line("State", m.Style.bad(f.Unread)), m.line("", "Nothing moves until the annotation is mended, or you roll back to the version that has most ready pods.")}
	case f.Phase == "":
		parts = []string{m.head(), m.line("Waits", "until a changed template is applied: nothing of it is in flight")}
	default:
		parts = []string{m.head(), m.steps(), m.traffic(), m.pods(), m.measurements(), m.waits()}
	}
	if m.trouble != "" {
		parts = append(parts, m.line("Trouble", m.Style.bad(m.trouble)))
	}
	parts = append(parts, m.foot())
	parts = slices.DeleteFunc(parts, func(part string) bool { return part == "" })
	return strings.Join(parts, "\n\n") + "\n"
}

// head is who it is, and the phase at the right.
func (m Model) head() string {
	f := m.flight
	left := f.Namespace + "/" + f.Name
	if f.Kind != flight.Deployment {
		left = f.Namespace + "/" + strings.ToLower(f.Kind) + "/" + f.Name
	}
	if f.Strategy != "" {
		left += "  " + f.Strategy
	}
	right := string(f.Phase)
	if f.InFlight() && f.Held {
		right += ", held"
	}
	if right == "" {
		return m.Style.strong(left)
	}
	space := max(m.width()-lipgloss.Width(left)-lipgloss.Width(right), 2)
	return m.Style.strong(left) + strings.Repeat(" ", space) + m.Style.Phase(f, right)
}

// steps are all of them with where it stands, and how far that is.
func (m Model) steps() string {
	f := m.flight
	if !f.Stepped() {
		return ""
	}
	var words []string
	for i, step := range f.StepList() {
		switch {
		case f.Phase == rollout.Completed || i < f.Step || f.Phase == rollout.Promoting:
			words = append(words, "[x] "+step.String())
		case i == f.Step && (f.Phase == rollout.RollingBack || f.Phase == rollout.RolledBack):
			words = append(words, m.Style.failed("[<] "+step.String()))
		case i == f.Step && f.InFlight():
			words = append(words, m.Style.strong("[>] "+step.String()))
		default:
			words = append(words, "[ ] "+step.String())
		}
	}
	return m.line("Steps", row(m.room(), "  ", words...)+"\n"+m.bar(m.done(), m.Style.good)+fmt.Sprintf("  step %s", f.Place()))
}

// done is how much of the steps is behind it, in percent: the time of the step that
// it stands on counts.
func (m Model) done() int {
	f := m.flight
	switch f.Phase {
	case rollout.Completed, rollout.Promoting:
		return 100
	case rollout.Stepping:
	default:
		return 0
	}
	return (100*f.Step + f.Passed(m.Now)) / len(f.StepList())
}

// traffic is how it is divided, and who gets the canary besides.
func (m Model) traffic() string {
	f := m.flight
	if f.Strategy == rollout.Rolling {
		return ""
	}
	text := m.bar(f.Weight, m.Style.canary) + fmt.Sprintf("  %d%% canary\n", f.Weight) + fmt.Sprintf("%d%% stable", 100-f.Weight)
	if f.Match != "" {
		text += ", always canary: " + f.Match
	}
	if f.Mirror > 0 {
		text += fmt.Sprintf(", copies to canary: %d%%", f.Mirror)
	}
	return m.line("Traffic", text)
}

// pods are those of both versions, one mark each as far as there is room.
func (m Model) pods() string {
	f := m.flight
	text := m.podsOf("stable", f.Stable) + "\n" + m.podsOf("canary", f.Canary)
	if f.Strategy == rollout.Rolling {
		text = m.podsOf("new", f.Canary) + "\n" + m.podsOf("old", f.Stable)
	}
	if f.Unwell != "" {
		text += "\n" + m.Style.bad(f.Unwell)
	}
	return m.line("Pods", text)
}

func (m Model) podsOf(role string, p flight.Pods) string {
	version := p.Version
	if version == "" {
		version = "-"
	}
	words := []string{fmt.Sprintf("%-6s  %s", role, version), p.String() + " ready"}
	left := int32(max(m.room()-lipgloss.Width(strings.Join(words, "  "))-2, 0)) //nolint:gosec // it is bounded by most
	if p.Asked > 0 && p.Asked <= left && p.Ready <= p.Asked {
		words = append(words, m.Style.good(strings.Repeat("●", int(p.Ready)))+m.Style.bad(strings.Repeat("○", int(p.Asked-p.Ready))))
	}
	return row(m.room(), "  ", words...)
}

func (m Model) measurements() string {
	var lines []string
	for _, one := range m.flight.Measurements {
		text := fmt.Sprintf("%s: %s, %s ago", one.Analysis, one.Verdict, duration.HumanDuration(m.Now.Sub(one.At)))
		if one.Says != "" {
			text += ": " + strings.ReplaceAll(one.Says, " %", whole+"%")
		}
		color := m.Style.bad
		switch rollout.Verdict(one.Verdict) {
		case rollout.Passed:
			color = m.Style.good
		case rollout.Failed:
			color = m.Style.failed
		}
		lines = append(lines, color(text))
	}
	if len(lines) == 0 {
		return ""
	}
	return m.line("Measured", strings.Join(lines, "\n"))
}

// waits says what happens next, and by whom.
func (m Model) waits() string {
	f := m.flight
	if f.Ended() {
		text := fmt.Sprintf("%s ago", m.ago())
		if f.Reason != "" {
			text += ": " + f.Reason
		}
		return m.line("Ended", text)
	}
	text := "until " + f.Wait
	switch {
	case f.Wait == "":
		text = "for the controller's first look"
	case f.Held:
		text = f.Wait
	}
	if f.NeedsPerson() {
		text = m.Style.bad(text)
	}
	text += "\nsince " + m.ago()
	if left, timed := f.Left(m.Now); timed {
		then := "goes on"
		if f.Current().Pause {
			then = "asks a person"
		}
		text += fmt.Sprintf(", %s in %s", then, left.Round(time.Second))
	}
	if f.Reason != "" {
		text += "\ngoes back because: " + f.Reason
	}
	return m.line("Waits", text)
}

func (m Model) ago() string {
	if m.flight.Since.IsZero() {
		return "-"
	}
	return duration.HumanDuration(max(0, m.Now.Sub(m.flight.Since)))
}

// foot is the question, or the keys, and the last answer.
func (m Model) foot() string {
	var lines []string
	if m.answer != "" {
		color := m.Style.dim
		if m.bad {
			color = m.Style.bad
		}
		lines = append(lines, color(ansi.Wrap(m.answer, m.width(), " ")), "")
	}
	switch {
	case m.ended:
	case m.asking == act.Rollback:
		lines = append(lines, m.question("Roll back to "+stable(m.flight)+"? y / n"))
	case m.asking == act.Skip:
		lines = append(lines, m.question("Skip all steps up to the last, "+last(m.flight)+"? y / n"))
	default:
		lines = append(lines, m.Style.dim(row(m.width(), "   ", m.help()...)))
	}
	return strings.Join(lines, "\n")
}

func (m Model) question(text string) string {
	return m.Style.strong(ansi.Wrap(text, m.width(), " "))
}

// help are the keys that do something now.
func (m Model) help() []string {
	switch f := m.flight; {
	case f.Unread != "" && !m.gone:
		return []string{"r roll back", "q quit"}
	case !f.Reversible || m.gone: // nothing ended, and no way back, is steered
		return []string{"q quit"}
	case f.Held:
		return []string{"c continue", "h go on", "s skip", "r roll back", "q quit"}
	default:
		return []string{"c continue", "h hold", "s skip", "r roll back", "q quit"}
	}
}

func stable(f flight.Flight) string {
	if f.Stable.Version == "" {
		return "stable"
	}
	return f.Stable.Version
}

func last(f flight.Flight) string { return f.StepList()[len(f.StepList())-1].String() }
