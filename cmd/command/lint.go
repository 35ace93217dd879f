// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/policy/manifest"
	"github.com/evenkeel-dev/evenkeel/webhook/lint"
)

// linter is the command's flags.
type linter struct {
	policyFile, output, failOn string
	write                      bool
}

func lintCommand() *cobra.Command {
	l := &linter{}
	cmd := &cobra.Command{
		Use: "lint PATH...", Short: "Judge manifests as admission would", Args: cobra.MinimumNArgs(1),
		Long: "Lint judges the Deployments of files, folders and - (the standard input): YAML or JSON, several documents, Lists,\n" +
			"what helm template and kustomize build print. Services, HorizontalPodAutoscalers and the like out of the same input are\n" +
			"taken into account. The words are those of admission.\n\n" +
			"It ends with 0 when there is no finding at or over --fail-on, 1 when there is, 2 when the input is unusable.",
		Example: "  evenkeel lint deploy/\n  helm template . | evenkeel lint -\n  evenkeel lint --policy policy.yaml -o sarif deploy/ > findings.sarif",
		RunE: func(cmd *cobra.Command, paths []string) error {
			return l.run(cmd.Context(), paths, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringVar(&l.policyFile, "policy", "", "policy file; the built-in policy where left out")
	Output(cmd, &l.output, "text", "text, json, sarif or github", slices.Sorted(maps.Keys(lint.Writers))...)
	f.StringVar(&l.failOn, "fail-on", string(policy.Enforce), "the mildest finding to fail on: Enforce, Warn, Audit, or none")
	_ = cmd.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions(failures, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	f.BoolVar(&l.write, "write", false, "put what would be injected into the files; comments stay")
	return cmd
}

// failures are the findings to fail on.
var failures = []string{string(policy.Enforce), string(policy.Warn), string(policy.Audit), "none"}

func (l *linter) run(ctx context.Context, paths []string, stdin io.Reader, stdout, stderr io.Writer) error {
	if err := l.validate(paths); err != nil {
		return unusable(err)
	}
	policies, err := policyOf(l.policyFile)
	if err != nil {
		return unusable(err)
	}
	files, err := manifest.Read(paths, stdin)
	if err != nil {
		return unusable(err)
	}
	reviewed, err := lint.Review(ctx, files, policies, time.Now())
	if err != nil {
		return unusable(err)
	}
	if l.write {
		if err := writeInto(files, reviewed, stderr); err != nil {
			return unusable(err)
		}
	}
	report := lint.NewReport(files, reviewed)
	if err := lint.Writers[l.output](stdout, report, Colors(stdout)); err != nil {
		return fmt.Errorf("cannot write the report: %w", err)
	}
	if l.failOn != "none" && report.Worst(policy.Action(l.failOn)) {
		return exit{code: 1}
	}
	return nil
}

// writeInto saves what would be injected. It saves all that it can.
func writeInto(files []manifest.File, reviewed []lint.Reviewed, stderr io.Writer) error {
	written, err := lint.Write(files, reviewed)
	for _, w := range written {
		if failed := w.Save(); failed != nil {
			err = errors.Join(err, failed)
			continue
		}
		fmt.Fprintf(stderr, "%s: wrote %d fields\n", w.Path, len(w.Fields))
	}
	return err
}

func (l *linter) validate(paths []string) error {
	if err := OneOf("--output", l.output, slices.Sorted(maps.Keys(lint.Writers))...); err != nil {
		return err
	}
	if err := OneOf("--fail-on", l.failOn, failures...); err != nil {
		return err
	}
	if l.write && slices.Contains(paths, manifest.Stdin) {
		return fmt.Errorf("--write needs files: nothing can be written into the standard input")
	}
	return nil
}

// policyOf loads a policy file; the built-in policy where none is named.
func policyOf(file string) (*config.Store, error) {
	store := config.NewStore()
	if file == "" {
		return store, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read the policy: %w", err)
	}
	if err := store.Offer(text); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return store, nil
}
