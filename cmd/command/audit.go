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
	"golang.org/x/term"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/webhook/audit"
	"github.com/evenkeel-dev/evenkeel/webhook/offline"
)

func auditCommand() *cobra.Command {
	a, output := &access{}, ""
	cmd := &cobra.Command{
		Use: "audit", Short: "Review the Deployments that run, as if they were created as they are", Args: cobra.NoArgs,
		Long: "Audit reviews every Deployment that runs by the cluster's policy, or by --policy, and changes nothing.\n" +
			"It ends with 0 whatever it finds.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("--output", output, "table", "json"); err != nil {
				return err
			}
			report, err := a.audit(cmd.Context())
			if err != nil {
				return err
			}
			return writeReport(cmd.OutOrStdout(), report, output)
		},
	}
	a.addFlags(cmd.Flags())
	cmd.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	return cmd
}

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
	if !term.IsTerminal(int(to.Fd())) {
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
	if output == "json" {
		return writeJSON(to, report)
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

// oneOf refuses a flag's value that is none of those that there are.
func oneOf(flag, value string, known ...string) error {
	for _, one := range known {
		if value == one {
			return nil
		}
	}
	return fmt.Errorf("%s=%q is not known: use %s", flag, value, strings.Join(known, ", "))
}
