// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel-dev/evenkeel/cmd/command"
	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/flight"
	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/history"
	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/releases"
	"github.com/evenkeel-dev/evenkeel/traffic/ledger"
)

// data are the formats of a command that has a text for people.
var data = []string{"", "json", "yaml"}

// looker are the flags of history.
type looker struct {
	*cluster
	output, record string
}

func historyCommand(c *cluster) *cobra.Command {
	l := &looker{cluster: c}
	cmd := &cobra.Command{
		Use: "history NAME | KIND/NAME", Short: "Show the revisions of a workload, which of them serve, and how their releases went", Args: cobra.ExactArgs(1),
		Long: "History lists the revisions that a workload can go back to, the newest first, with their images and why they were made.\n" +
			"ROLE tells which of them is stable, the canary, or was rolled back; of a workload that was never released it tells nothing.\n" +
			"Below stand the releases that the ledger keeps, the newest first; --record shows one of them in full. What of the ledger\n" +
			"cannot be read is said, and left out.",
		Example:           "  kubectl evenkeel history demo\n  kubectl evenkeel history demo --record latest\n  kubectl evenkeel history statefulset/db -o json",
		ValidArgsFunction: c.completeOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := command.OneOf("--output", l.output, data...); err != nil {
				return err
			}
			return l.run(cmd, args[0])
		},
	}
	c.addTo(cmd)
	command.Output(cmd, &l.output, "", "json or yaml; tables where left out", data...)
	cmd.Flags().StringVar(&l.record, "record", "", "show the last release of this revision in full, or the latest of all; it is kept when the revision is gone")
	return cmd
}

func (l *looker) run(cmd *cobra.Command, name string) error {
	typed, _, err := l.connect(rest.NoWarnings{})
	if err != nil {
		return err
	}
	ref, namespace, err := l.target(name)
	if err != nil {
		return err
	}
	f, err := flight.Get(cmd.Context(), typed, namespace, ref)
	if err != nil {
		return err
	}
	records, unread := releases.Read(cmd.Context(), typed, namespace, ref.Kind, ref.Name)
	if unread != nil {
		fmt.Fprintln(cmd.ErrOrStderr(), "Warning:", unread)
	}
	if l.record != "" {
		return l.one(cmd, records)
	}
	revisions, err := history.Read(cmd.Context(), typed, f)
	if err != nil {
		return err
	}
	return l.all(cmd, revisions, records)
}

// one shows a single release.
func (l *looker) one(cmd *cobra.Command, records []ledger.Record) error {
	record, err := releases.Find(records, l.record)
	if err != nil {
		return err
	}
	if l.output != "" {
		return writeData(cmd, l.output, record)
	}
	return releases.Write(cmd.OutOrStdout(), record)
}

func (l *looker) all(cmd *cobra.Command, revisions []history.Revision, records []ledger.Record) error {
	if l.output != "" {
		return writeData(cmd, l.output, map[string]any{"revisions": revisions, "releases": append([]ledger.Record{}, records...)})
	}
	if err := history.Table(cmd.OutOrStdout(), revisions, time.Now()); err != nil || len(records) == 0 {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout())
	return releases.Table(cmd.OutOrStdout(), records)
}

// writeData writes a value as JSON or YAML.
func writeData(cmd *cobra.Command, output string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err == nil && output == "yaml" {
		text, err = yaml.JSONToYAML(text)
	}
	if err != nil {
		return fmt.Errorf("cannot write: %w", err)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n", bytes.TrimRight(text, "\n"))
	return err
}
