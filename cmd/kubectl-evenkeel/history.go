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

	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/flight"
	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/history"
)

func historyCommand(c *cluster) *cobra.Command {
	output := ""
	cmd := &cobra.Command{
		Use: "history NAME | KIND/NAME", Short: "Show the revisions of a workload, and which of them serve", Args: cobra.ExactArgs(1),
		Long: "History lists the revisions that a workload can go back to, the newest first, with their images and why they were made.\n" +
			"ROLE tells which of them is stable, the canary, or was rolled back; of a workload that was never released it tells nothing.",
		Example:           "  kubectl evenkeel history demo\n  kubectl evenkeel history statefulset/db -o json",
		ValidArgsFunction: c.completeOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := knownOutput(output, []string{"", "json", "yaml"}); err != nil {
				return err
			}
			return c.history(cmd, args[0], output)
		},
	}
	c.addTo(cmd)
	cmd.Flags().StringVarP(&output, "output", "o", "", "json or yaml; a table where left out")
	return cmd
}

func (c *cluster) history(cmd *cobra.Command, name, output string) error {
	typed, _, err := c.connect(rest.NoWarnings{})
	if err != nil {
		return err
	}
	ref, namespace, err := c.target(name)
	if err != nil {
		return err
	}
	f, err := flight.Get(cmd.Context(), typed, namespace, ref)
	if err != nil {
		return err
	}
	revisions, err := history.Read(cmd.Context(), typed, f)
	if err != nil {
		return err
	}
	if output != "" {
		return writeData(cmd, output, map[string]any{"revisions": revisions})
	}
	return history.Table(cmd.OutOrStdout(), revisions, time.Now())
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
