// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/evenkeel-dev/evenkeel/traffic/forecast"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// barWidth is how wide the bar of a stop's weight is.
const barWidth = 20

// Text writes an explanation for a person.
func Text(to io.Writer, e Explanation) error {
	fmt.Fprintf(to, "Deployment %s/%s: %s\n", e.Namespace, e.Name, e.Headline())
	if e.Message != "" {
		fmt.Fprintf(to, "\n%s\n", e.Message)
	}
	if len(e.Stops) > 0 {
		if err := timeline(to, e); err != nil {
			return err
		}
		fmt.Fprintf(to, "%s\n", total(e))
	}
	for i, warning := range e.Warnings {
		fmt.Fprintf(to, "%sWarning: %s\n", gap(i), warning)
	}
	for i, note := range e.Notes {
		fmt.Fprintf(to, "%sNot known: %s\n", gap(i), note)
	}
	return nil
}

// gap is the empty line before the first of several.
func gap(i int) string {
	if i == 0 {
		return "\n"
	}
	return ""
}

// Headline says in a sentence what happens.
func (e Explanation) Headline() string {
	switch e.Outcome {
	case Refused:
		return "admission refuses it"
	case Created:
		text := fmt.Sprintf("it is created, and its %d pods start at once", e.Replicas)
		if e.Strategy != "" {
			text += fmt.Sprintf(". The next changed template is released by %s", e.how())
		}
		return text
	case Starts:
		text := "this starts a release by " + e.how()
		if e.Held {
			text += ", which is held until kubectl rollout resume"
		}
		return text
	case GoesBack:
		return "this takes the release in flight back to stable: the traffic first, then the pods"
	case GoesOn:
		return "the release in flight goes on; what is asked for its pace is kept for the end"
	case Plain:
		return "the stock controller rolls it out by itself: no strategy holds it"
	default:
		return "the pods stay as they are: the template is the one that runs"
	}
}

func (e Explanation) how() string {
	text := e.Strategy
	if e.Steps != "" {
		text += " " + e.Steps
	}
	if e.Capacity != "" && e.Strategy != rollout.Rolling {
		text += ", capacity " + e.Capacity
	}
	return text
}

func timeline(to io.Writer, e Explanation) error {
	fmt.Fprintln(to)
	table := tabwriter.NewWriter(to, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "AT THE EARLIEST\tLASTS\tSTABLE\tCANARY\tTRAFFIC OF THE CANARY\tWHAT")
	for _, stop := range e.Stops {
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%s %3d%%\t%s\n", "+"+short(stop.After), lasts(stop), stop.Stable, stop.Canary, bar(stop.Weight), stop.Weight, what(e, stop))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("cannot write the timeline: %w", err)
	}
	return nil
}

func lasts(stop forecast.Stop) string {
	switch {
	case stop.Phase == rollout.Completed:
		return "-"
	case stop.Person && stop.For == 0:
		return "until you say so"
	case stop.Person:
		return short(stop.For) + ", then until you say so"
	case stop.For == 0:
		return "-"
	default:
		return short(stop.For)
	}
}

func bar(percent int) string {
	filled := min(max(percent, 0), 100) * barWidth / 100
	return strings.Repeat("█", filled) + strings.Repeat("░", barWidth-filled)
}

// what says in words what a stop is.
func what(e Explanation, stop forecast.Stop) string {
	switch stop.Phase {
	case rollout.Preparing:
		return "the Services are narrowed to stable's pods"
	case rollout.Stepping:
		steps := rollout.StepsOrLast(e.Steps)
		step := steps.At(stop.Step)
		text := fmt.Sprintf("step %d of %d (%s)", stop.Step+1, len(steps), step)
		switch {
		case stop.Stage == rollout.StageScale:
			text += ": its new pods stay ready for minReadySeconds"
		case stop.Weight < step.Weight:
			text += ", a part of it"
		}
		return text
	case rollout.Promoting:
		return "the Services lead to the new pods, then the old ones go"
	default:
		return "done: the Deployment, its Services and routes are as you wrote them"
	}
}

// total is how long it takes at the least, and how many pods there are at the most.
func total(e Explanation) string {
	peak, people := int32(0), 0
	for _, stop := range e.Stops {
		peak = max(peak, stop.Stable+stop.Canary)
		if stop.Person {
			people++
		}
	}
	last := e.Stops[len(e.Stops)-1]
	if last.Phase != rollout.Completed {
		return "What comes after that cannot be told ahead."
	}
	text := fmt.Sprintf("In all %s at the least", short(last.After))
	switch people {
	case 0:
	case 1:
		text += ", and your word once"
	default:
		text += fmt.Sprintf(", and your word %d times", people)
	}
	return text + fmt.Sprintf(", besides the time that pods take to become ready; at most %d pods at once.", peak)
}

// short is a time to the second.
func short(d time.Duration) string { return rollout.ShortDuration(d.Round(time.Second)) }
