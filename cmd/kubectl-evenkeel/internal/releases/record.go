// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package releases

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/evenkeel-dev/evenkeel/traffic/ledger"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// Write writes one record in full for a person.
func Write(to io.Writer, r ledger.Record) error {
	out := tabwriter.NewWriter(to, 0, 0, 3, ' ', 0)
	writeHead(out, r)
	writeSteps(out, r.Steps)
	writeMeasurements(out, r.Steps)
	writeTold(out, r.Told)
	if err := out.Flush(); err != nil {
		return fmt.Errorf("cannot write the record: %w", err)
	}
	return nil
}

func writeHead(out io.Writer, r ledger.Record) {
	for _, row := range [][2]string{
		{"Release of", fmt.Sprintf("%s %s/%s", r.Workload.Kind, r.Workload.Namespace, r.Workload.Name)},
		{"Strategy", strings.TrimSpace(r.Strategy + " " + r.Plan)},
		{"From", named(r.From)},
		{"To", named(r.To)},
		{"Result", r.Result},
		{"Reason", strings.Join(strings.Fields(r.Reason), " ")},
		{"Started", clock(r.Started)},
		{"Ended", clock(r.Ended)},
		{"Lasted", lasted(r)},
		{"Applied by", r.AppliedBy},
		{"Worst ready", worst(r.Ready)},
		{"ID", r.ID},
	} {
		if row[1] != "" {
			fmt.Fprintf(out, "%s:\t%s\n", row[0], row[1])
		}
	}
}

// named is a version by its name and its number.
func named(v rollout.Version) string {
	switch {
	case v.ReplicaSet == "":
		return unknown
	case v.Revision == "":
		return v.ReplicaSet
	default:
		return fmt.Sprintf("%s, revision %s", v.ReplicaSet, v.Revision)
	}
}

func writeSteps(out io.Writer, steps []ledger.Step) {
	if len(steps) == 0 {
		return
	}
	fmt.Fprintln(out, "\nSTEP\tASKED\tGIVEN\tACCEPTED\tSETTLED\tLEFT")
	for _, s := range steps {
		fmt.Fprintf(out, "%d (%s)\t%s\t%s\t%s\t%s\t%s\n", s.Number, s.Step, clock(s.Asked), clock(s.Given), clock(s.Accepted), clock(s.Settled), clock(s.Left))
	}
}

func writeMeasurements(out io.Writer, steps []ledger.Step) {
	head := "\nMEASURED\tSTEP\tANALYSIS\tVERDICT\tWHAT\n"
	for _, s := range steps {
		for _, m := range s.Measurements {
			fmt.Fprintf(out, "%s%s\t%d\t%s\t%s\t%s\n", head, clock(m.At), s.Number, m.Analysis, m.Verdict, dash(strings.Join(strings.Fields(m.Text), " ")))
			head = ""
		}
	}
}

func writeTold(out io.Writer, words []rollout.Word) {
	head := "\nTOLD\tWHAT\tBY\n"
	for _, word := range words {
		fmt.Fprintf(out, "%s%s\t%s\t%s\n", head, clock(word.When), word.What, dash(word.Who))
		head = ""
	}
}
