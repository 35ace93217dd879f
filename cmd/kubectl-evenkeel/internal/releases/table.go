// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package releases

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/evenkeel-dev/evenkeel/traffic/ledger"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// maxReason bounds a reason in a table, in characters; --record shows all of it.
const maxReason = 80

// Table writes a line a release for a person, the newest first.
func Table(to io.Writer, records []ledger.Record) error {
	table := tabwriter.NewWriter(to, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "STARTED\tLASTED\tSTRATEGY\tFROM\tTO\tRESULT\tWORST-READY\tAPPLIED-BY\tTOLD\tREASON")
	for _, r := range slices.Backward(records) {
		fmt.Fprintln(table, strings.Join([]string{
			clock(r.Started), lasted(r), r.Strategy, version(r.From), version(r.To), r.Result,
			worst(r.Ready), dash(r.AppliedBy), dash(told(r.Told)), dash(line(r.Reason)),
		}, "\t"))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("cannot write the table: %w", err)
	}
	return nil
}

// lasted is how long a release took; one that did not note its begin does not tell.
func lasted(r ledger.Record) string {
	if r.Started.IsZero() {
		return unknown
	}
	return r.Ended.Sub(r.Started).Round(time.Second).String()
}

func worst(ready *rollout.Count) string {
	if ready == nil {
		return unknown
	}
	return fmt.Sprintf("%d/%d", ready.Ready, ready.Of)
}

// told is who said what: continue (jane).
func told(words []rollout.Word) string {
	var out []string
	for _, word := range words {
		text := word.What
		if word.Who != "" {
			text += " (" + word.Who + ")"
		}
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return strings.Join(out, ", ")
}

// line makes one short line of a text.
func line(text string) string {
	letters := []rune(strings.Join(strings.Fields(text), " "))
	if len(letters) > maxReason {
		return string(letters[:maxReason-1]) + "…"
	}
	return string(letters)
}

func clock(t time.Time) string {
	if t.IsZero() {
		return unknown
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}

func dash(text string) string {
	if text == "" {
		return unknown
	}
	return text
}
