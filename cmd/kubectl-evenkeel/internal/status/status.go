// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/flight"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// Formats are the values of --output; empty is the table.
func Formats() []string { return []string{"", "wide", "json", "yaml", "name"} }

// View is how flights are written.
type View struct {
	// Format is one of Formats.
	Format string
	// Namespaces shows the namespace of each.
	Namespaces bool
	Now        time.Time
	// Paint gives a phase its colour, in the table; nil gives none.
	Paint func(f flight.Flight, text string) string
}

// Write writes the flights.
func (v View) Write(to io.Writer, flights []flight.Flight) error {
	switch v.Format {
	case "json", "yaml":
		return v.data(to, flights)
	case "name":
		for _, f := range flights {
			fmt.Fprintln(to, f.Ref())
		}
		return nil
	default:
		return v.table(to, flights)
	}
}

// data is {"rollouts": [...]}.
func (v View) data(to io.Writer, flights []flight.Flight) error {
	if flights == nil {
		flights = []flight.Flight{}
	}
	text, err := json.MarshalIndent(map[string]any{"rollouts": flights}, "", "  ")
	if err == nil && v.Format == "yaml" {
		text, err = yaml.JSONToYAML(text)
	}
	if err != nil {
		return fmt.Errorf("cannot write the rollouts: %w", err)
	}
	_, err = fmt.Fprintln(to, strings.TrimRight(string(text), "\n"))
	return err
}

func (v View) table(to io.Writer, flights []flight.Flight) error {
	table := tabwriter.NewWriter(to, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, strings.Join(v.heads(), "\t"))
	for _, f := range flights {
		fmt.Fprintln(table, strings.Join(v.row(f), "\t"))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("cannot write the table: %w", err)
	}
	return nil
}

func (v View) heads() []string {
	heads := []string{"NAME", "STRATEGY", v.paint(flight.Flight{}, "PHASE"), "STEP", "WEIGHT", "STABLE", "CANARY", "AGE"}
	if v.Namespaces {
		heads = append([]string{"NAMESPACE"}, heads...)
	}
	if v.Format == "wide" {
		heads = append(heads, "STAGE", "STEPS", "STABLE-VERSION", "CANARY-VERSION", "MATCH", "ROUTES")
	}
	return append(heads, "WAITS-FOR")
}

func (v View) row(f flight.Flight) []string {
	name := f.Name
	if f.Kind != flight.Deployment {
		name = strings.ToLower(f.Kind) + "/" + name
	}
	row := []string{
		name, dash(f.Strategy), v.paint(f, phase(f)), f.Place(), weight(f), f.Stable.String(), f.Canary.String(), age(f.Since, v.Now),
	}
	if v.Namespaces {
		row = append([]string{f.Namespace}, row...)
	}
	if v.Format == "wide" {
		row = append(row, dash(string(f.Stage)), dash(f.Steps), dash(f.Stable.Version), dash(f.Canary.Version), dash(f.Match), dash(strings.Join(f.Routes, ",")))
	}
	return append(row, WaitsFor(f))
}

// paint colours a word of the column PHASE. Its head goes the same way: a table
// lines up where all of a column is as much longer as another.
func (v View) paint(f flight.Flight, text string) string {
	if v.Paint == nil {
		return text
	}
	return v.Paint(f, text)
}

// WaitsFor says what a rollout waits for, or why it ended as it did.
func WaitsFor(f flight.Flight) string {
	switch {
	case f.Unread != "":
		return f.Unread
	case f.InFlight() && f.Unwell != "":
		return strings.TrimPrefix(f.Wait+"; "+f.Unwell, "; ")
	case f.InFlight():
		return dash(f.Wait)
	default:
		return dash(f.Reason)
	}
}

func phase(f flight.Flight) string {
	switch {
	case f.Unread != "":
		return "Unreadable"
	case f.InFlight() && f.Held:
		return string(f.Phase) + ",held"
	default:
		return dash(string(f.Phase))
	}
}

func weight(f flight.Flight) string {
	if f.Unread != "" || f.Strategy == "" || f.Strategy == rollout.Rolling {
		return "-"
	}
	return fmt.Sprintf("%d%%", f.Weight)
}

func age(since, now time.Time) string {
	if since.IsZero() {
		return "-"
	}
	return duration.HumanDuration(now.Sub(since))
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
