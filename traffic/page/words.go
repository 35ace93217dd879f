// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"fmt"
	"strings"
	"time"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// Time is a moment as it is shown: for a machine, for a person, and how far away.
type Time struct{ Machine, Clock, Away string }

// moment shows a time; the zero Time shows nothing.
func moment(at, now time.Time) Time {
	if at.IsZero() {
		return Time{}
	}
	clock := at.UTC().Format("15:04:05 UTC")
	if now.Sub(at) > 20*time.Hour || at.Sub(now) > 20*time.Hour {
		clock = at.UTC().Format("2 Jan 15:04 UTC")
	}
	away := "in " + span(at.Sub(now))
	if !at.After(now) {
		away = span(now.Sub(at)) + " ago"
	}
	return Time{Machine: at.UTC().Format(time.RFC3339), Clock: clock, Away: away}
}

// span shows how long something lasts, as roughly as a person says it.
func span(d time.Duration) string {
	switch d = d.Round(time.Second); {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm %02ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh %02dm", int(d.Hours()), int(d.Minutes())%60)
	default:
		return fmt.Sprintf("%d days", int(d.Hours())/24)
	}
}

// place says in a few words where a release is.
func place(s rollout.State) string {
	switch s.Phase {
	case rollout.Preparing:
		return "Getting ready"
	case rollout.Stepping:
		if s.Stage == rollout.StageRoll {
			return "Rolling update"
		}
		return fmt.Sprintf("Step %d of %d", s.Step+1, len(s.StepList()))
	case rollout.Promoting:
		return "The new version takes over"
	case rollout.RollingBack:
		return "Going back"
	case rollout.RolledBack:
		return "Rolled back"
	default:
		return string(s.Phase)
	}
}

// Command is a line to type, and what it does.
type Command struct{ Does, Line string }

// answers are what a person can say, in the order in which they are offered.
var answers = []struct{ action, does string }{
	{string(rollout.ActionContinue), "Go on with the next step"},
	{string(rollout.ActionSkip), "Go to the last step at once"},
	{string(rollout.ActionRollback), "Go back to the old version"},
}

// commands are the lines that a person can type now: those that the wait speaks
// of, and the way back for as long as there is one.
func (s Seen) commands() []Command {
	if s.Frozen != "" {
		return []Command{{"Go back to the old version", s.say(string(rollout.ActionRollback))}}
	}
	if s.State.Phase == rollout.RolledBack {
		return []Command{{"Release it once more", s.say(string(rollout.ActionRetry))}}
	}
	var out []Command
	_, hint, _ := strings.Cut(s.State.Wait, rollout.ActionAnnotation)
	hint, _, _ = strings.Cut(hint, ")")
	if strings.Contains(s.State.Wait, "kubectl rollout resume") {
		out = append(out, Command{"Let it go on", fmt.Sprintf("kubectl rollout resume -n %s %s/%s", s.Namespace, strings.ToLower(s.Kind), s.Name)})
	}
	for _, answer := range answers {
		back := answer.action == string(rollout.ActionRollback) && s.reversible()
		if back || strings.Contains(hint, answer.action) {
			out = append(out, Command{answer.does, s.say(answer.action)})
		}
	}
	return out
}

// reversible tells whether a word of a person still takes the release back.
func (s Seen) reversible() bool {
	if s.Kind != "Deployment" {
		return s.State.Phase == rollout.Preparing || s.State.Phase == rollout.Stepping
	}
	return s.State.Reversible()
}

// say is the line that says an action.
func (s Seen) say(action string) string {
	return fmt.Sprintf("kubectl annotate -n %s %s %s %s=%s", s.Namespace, strings.ToLower(s.Kind), s.Name, rollout.ActionAnnotation, action)
}
