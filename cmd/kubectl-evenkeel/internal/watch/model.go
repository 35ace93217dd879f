// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/act"
	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/flight"
)

// Tell says a verb to the rollout that a person has seen; it gives what admission
// has to say to it.
type Tell func(seen flight.Flight, verb act.Verb) (warnings []string, err error)

// Model is what is on the screen. It asks for nothing: looks come as
// flight.Sight, the time as Tick, answers as Answer.
type Model struct {
	Target flight.Ref
	Tell   Tell
	Style  Style
	Now    time.Time
	// Width is that of the terminal.
	Width int

	seen, gone bool
	flight     flight.Flight
	trouble    string
	// asking is what has to be confirmed; empty: nothing.
	asking act.Verb
	// answer is the last thing that was said back, and bad tells that it was no.
	answer string
	bad    bool
	ended  bool
}

// Tick is the time, once a second.
type Tick time.Time

// Answer is what came of a verb.
type Answer struct {
	Verb     act.Verb
	Warnings []string
	Err      error
}

// Init starts the clock.
func (m Model) Init() tea.Cmd { return tick() }

func tick() tea.Cmd { return tea.Tick(time.Second, func(now time.Time) tea.Msg { return Tick(now) }) }

// Update gives what follows from one thing that happened.
func (m Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.Width = msg.Width
	case Tick:
		m.Now = time.Time(msg)
		return m, tick()
	case flight.Sight:
		return m.look(msg)
	case Answer:
		m.answer, m.bad = said(msg)
	case tea.KeyPressMsg:
		return m.key(msg.String())
	}
	return m, nil
}

// look takes in what was seen. What ends while it is watched ends the watching.
func (m Model) look(sight flight.Sight) (tea.Model, tea.Cmd) {
	if sight.Err != nil {
		m.trouble = sight.Err.Error()
		return m, nil
	}
	m.trouble = ""
	if sight.Gone {
		m.seen, m.gone = true, true
		return m, nil
	}
	m.ended = Over(m.flight, sight.Flight)
	m.seen, m.gone, m.flight = true, false, sight.Flight
	if m.ended {
		m.asking = ""
		return m, tea.Quit
	}
	return m, nil
}

// Over tells whether a rollout that was in flight has ended.
func Over(before, now flight.Flight) bool { return before.InFlight() && now.Ended() }

// Ended gives the rollout, and whether it ended while it was watched.
func (m Model) Ended() (flight.Flight, bool) { return m.flight, m.ended }

// keys are what a person may press, and what for.
var keys = map[string]act.Verb{"c": act.Continue, "s": act.Skip, "r": act.Rollback}

func (m Model) key(key string) (tea.Model, tea.Cmd) {
	if m.asking != "" {
		verb := m.asking
		m.asking = ""
		if key == "y" {
			return m.say(verb)
		}
		m.answer, m.bad = "nothing was said", false
		return m, nil
	}
	verb, known := keys[key]
	switch {
	case key == "q" || key == "ctrl+c" || key == "esc":
		return m, tea.Quit
	case key == "h" && m.flight.Held:
		verb, known = act.Resume, true
	case key == "h":
		verb, known = act.Hold, true
	}
	lost := m.flight.Unread != "" && verb == act.Rollback // a way back is all that is left
	if !known || m.gone || (!m.flight.Reversible && !lost) {
		return m, nil
	}
	if verb == act.Rollback || verb == act.Skip {
		m.asking, m.answer = verb, ""
		return m, nil
	}
	return m.say(verb)
}

// say says it besides: the screen goes on.
func (m Model) say(verb act.Verb) (tea.Model, tea.Cmd) {
	m.answer, m.bad = fmt.Sprintf("saying %q ...", verb), false
	seen, tell := m.flight, m.Tell
	return m, func() tea.Msg {
		warnings, err := tell(seen, verb)
		return Answer{verb, warnings, err}
	}
}

// said is the answer in words.
func said(a Answer) (text string, bad bool) {
	if a.Err != nil {
		return a.Err.Error(), true
	}
	text = fmt.Sprintf("said %q", a.Verb)
	for _, warning := range a.Warnings {
		text += "\nWarning: " + warning
	}
	return text, false
}
