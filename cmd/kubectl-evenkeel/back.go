// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/evenkeel-dev/evenkeel/cmd/command"
	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/back"
	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/flight"
)

// goingBack are the flags of rollback --to.
type goingBack struct {
	*cluster
	to, dryRun string
}

// orTo gives the command rollback the way to a revision, besides the way back to
// stable.
func orTo(c *cluster, cmd *cobra.Command) {
	g := &goingBack{cluster: c}
	f := cmd.Flags()
	f.StringVar(&g.to, "to", "", "go back to this revision of the Deployment, or to the previous that completed; in flight or not")
	f.StringVar(&g.dryRun, "dry-run", "none", "server shows what admission answers, and writes nothing; goes with --to")
	cmd.Long += "\n\nWith --to it writes the template of a revision, as kubectl rollout undo does, and tells before what the ledger keeps of\n" +
		"it. That is a release like any other, or the way back where it is the stable one of a release in flight."
	cmd.Example = "  kubectl evenkeel rollback demo\n  kubectl evenkeel rollback demo --to previous\n  kubectl evenkeel rollback demo --to 4 --dry-run=server"
	_ = cmd.RegisterFlagCompletionFunc("dry-run", cobra.FixedCompletions([]string{"none", "server"}, cobra.ShellCompDirectiveNoFileComp))
	say := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := knownDryRun(g.dryRun); err != nil {
			return err
		}
		switch {
		case g.to != "":
			return g.run(cmd, args[0])
		case cmd.Flags().Changed("to"):
			return errors.New("--to is empty: write a number that kubectl evenkeel history shows, or previous")
		case g.dryRun != "none":
			return errors.New("--dry-run goes with --to: without it only a word is said to the rollout in flight")
		}
		return say(cmd, args)
	}
}

func knownDryRun(value string) error {
	if value == "none" || value == "server" {
		return nil
	}
	return fmt.Errorf("--dry-run=%q is not known: use none, server", value)
}

func (g *goingBack) run(cmd *cobra.Command, name string) error {
	number, err := back.Parse(g.to)
	if err != nil {
		return err
	}
	ref, namespace, err := g.target(name)
	if err != nil {
		return err
	}
	if ref.Kind != flight.Deployment {
		return onlyDeployments(ref, namespace, g.to)
	}
	return g.write(cmd, namespace, ref.Name, number)
}

// onlyDeployments says how other kinds go back: kubectl does it, and admission makes
// batches of it all the same.
func onlyDeployments(ref flight.Ref, namespace, to string) error {
	kubectl := fmt.Sprintf("kubectl rollout undo %s/%s -n %s", strings.ToLower(ref.Kind), ref.Name, namespace)
	if to != back.Previous {
		kubectl += " --to-revision=" + to
	}
	return fmt.Errorf("--to is for Deployments; a %s goes back by kubectl, and is released in batches as always:\n  %s", ref.Kind, kubectl)
}

// write tells, asks, and writes.
func (g *goingBack) write(cmd *cobra.Command, namespace, name string, number int64) error {
	warnings := &warned{}
	typed, _, err := g.connect(warnings)
	if err != nil {
		return err
	}
	world, err := back.Read(cmd.Context(), typed, namespace, name)
	if err != nil {
		return err
	}
	if world.Unread != nil {
		fmt.Fprintln(cmd.ErrOrStderr(), "Warning:", world.Unread)
	}
	to, err := world.To(number)
	if err != nil {
		return err
	}
	for _, line := range world.Said(to) {
		fmt.Fprintln(cmd.ErrOrStderr(), line)
	}
	if g.asks(cmd) && !agreed(cmd.InOrStdin(), cmd.ErrOrStderr(), "Go back?") {
		return command.Exit(1, errors.New("nothing was written"))
	}
	err = world.Write(cmd.Context(), typed, to, g.dryRun == "server")
	for _, warning := range warnings.take() {
		fmt.Fprintln(cmd.ErrOrStderr(), "Warning:", warning)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "deployment.apps/%s: back to the template of revision %d%s\n", name, to.Revision, g.mark())
	return nil
}

// asks tells whether a person is asked first: on a terminal, and not for what is
// only tried.
func (g *goingBack) asks(cmd *cobra.Command) bool {
	sure, _ := cmd.Flags().GetBool("yes") // rollback has the flag
	return !sure && g.dryRun == "none" && command.Terminal(cmd.InOrStdin())
}

func (g *goingBack) mark() string {
	if g.dryRun == "server" {
		return " (server dry run)"
	}
	return ""
}
