// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/webhook/audit"
	"github.com/evenkeel-dev/evenkeel/webhook/offline"
)

func auditCommand(k Kubectl) *cobra.Command {
	a, output := &access{Kubectl: k}, ""
	cmd := &cobra.Command{
		Use: "audit", Short: "Review the Deployments that run, as if they were created as they are", Args: cobra.NoArgs,
		Long: "Audit reviews every Deployment that runs by the cluster's policy, or by --policy, and changes nothing.\n" +
			"It ends with 0 whatever it finds.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := OneOf("--output", output, reports...); err != nil {
				return err
			}
			report, err := a.audit(cmd.Context())
			if err != nil {
				return err
			}
			return writeReport(cmd.OutOrStdout(), report, output)
		},
	}
	a.addFlags(cmd)
	Output(cmd, &output, "table", "table, json or yaml", reports...)
	return cmd
}

// reports are the formats of an audit.
var reports = []string{"table", "json", "yaml"}

func (a *access) audit(ctx context.Context) (audit.Report, error) {
	c, err := a.connect()
	if err != nil {
		return audit.Report{}, err
	}
	policies, err := a.policies(ctx, c)
	if err != nil {
		return audit.Report{}, err
	}
	seen, err := a.read(ctx, c)
	if err != nil {
		return audit.Report{}, err
	}
	return audit.Run(ctx, offline.Handler(seen.world, policies, seen.unknown, time.Now()), seen.deployments, progress(os.Stderr))
}

// progress shows a person how many are done; nobody else.
func progress(to *os.File) func(done, all int) {
	if !Terminal(to) {
		return nil
	}
	return func(done, all int) {
		fmt.Fprintf(to, "\rreviewed %d of %d", done, all)
		if done == all {
			fmt.Fprintln(to)
		}
	}
}

func writeReport(to io.Writer, report audit.Report, output string) error {
	switch output {
	case "json":
		return writeJSON(to, report)
	case "yaml":
		return writeYAML(to, report)
	}
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	if len(report.Findings) > 0 {
		fmt.Fprintln(table, "NAMESPACE\tNAME\tCHECK\tACTION\tFINDING")
	}
	for _, f := range report.Findings {
		line := strings.TrimPrefix(policy.Violation{Check: f.Check, Message: f.Message}.Line(), f.Check+": ")
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", f.Namespace, f.Name, f.Check, f.Action, line)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("cannot write the report: %w", err)
	}
	for _, o := range report.Overrides {
		fmt.Fprintf(to, "%s/%s: checks are overridden until %s: %s\n", o.Namespace, o.Name, o.Override.Until.Format(time.RFC3339), o.Override.Reason)
	}
	fmt.Fprintf(to, "%d Deployments, %d findings\n", report.Deployments, len(report.Findings))
	return nil
}

func writeJSON(to io.Writer, value any) error {
	out := json.NewEncoder(to)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	if err := out.Encode(value); err != nil {
		return fmt.Errorf("cannot write: %w", err)
	}
	return nil
}

func writeYAML(to io.Writer, value any) error {
	text, err := json.Marshal(value)
	if err == nil {
		text, err = yaml.JSONToYAML(text)
	}
	if err == nil {
		_, err = to.Write(text)
	}
	if err != nil {
		return fmt.Errorf("cannot write: %w", err)
	}
	return nil
}
