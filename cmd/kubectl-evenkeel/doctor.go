// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"time"

	"charm.land/lipgloss/v2"
	"github.com/spf13/cobra"

	"github.com/evenkeel-dev/evenkeel/cmd/command"
	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/doctor"
)

func doctorCommand(c *cluster) *cobra.Command {
	output := ""
	d := &doctor.Doctor{}
	cmd := &cobra.Command{
		Use: "doctor", Short: "Look whether Evenkeel is well in the cluster", Args: cobra.NoArgs,
		Long: "Doctor looks whether managers are ready, webhooks are known and answer, certificates hold, policies load, what gateways\n" +
			"and ingress controllers can do, and whether something is held that no rollout holds. It writes nothing: admission is\n" +
			"asked by a server-side dry run in the namespace of -n. What you may not look at is said, and is no failure.\n\n" +
			"It ends with 0, or with 1 where something has to be mended.",
		Example: "  kubectl evenkeel doctor\n  kubectl evenkeel doctor -n shop -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := command.OneOf("--output", output, data...); err != nil {
				return err
			}
			return c.doctor(cmd, d, output)
		},
	}
	c.addTo(cmd)
	f := cmd.Flags()
	f.StringVar(&d.Namespace, "evenkeel-namespace", "evenkeel-system", "namespace of the managers and the policy")
	f.StringVar(&d.Policy, "policy-configmap", "evenkeel-policy", "ConfigMap of the policy")
	command.Output(cmd, &output, "", "json or yaml; lines where left out", data...)
	return cmd
}

func (c *cluster) doctor(cmd *cobra.Command, d *doctor.Doctor, output string) error {
	warnings := &warned{}
	_, all, err := c.connect(warnings)
	if err != nil {
		return err
	}
	if d.Try, err = c.namespace(); err != nil {
		return err
	}
	d.Client, d.Warnings, d.Now = all, warnings.take, time.Now()
	findings := doctor.Run(cmd.Context(), d)
	if output != "" {
		err = writeData(cmd, output, map[string]any{"findings": findings})
	} else {
		err = doctor.Text(cmd.OutOrStdout(), findings, paint(command.Colors(cmd.OutOrStdout())))
	}
	if err == nil && doctor.Failed(findings) {
		return command.Exit(1, nil)
	}
	return err
}

// paint gives verdicts their colours, or none.
func paint(colored bool) func(doctor.Verdict, string) string {
	return func(v doctor.Verdict, text string) string {
		style := lipgloss.NewStyle()
		switch {
		case !colored:
			return text
		case v == doctor.OK:
			return style.Foreground(lipgloss.Green).Render(text)
		case v == doctor.Fail:
			return style.Foreground(lipgloss.Red).Bold(true).Render(text)
		default:
			return style.Foreground(lipgloss.Yellow).Render(text)
		}
	}
}
