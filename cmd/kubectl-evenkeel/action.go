// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/evenkeel-dev/evenkeel/cmd/command"
	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/act"
	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/flight"
)

// actions are the verbs as commands.
var actions = []struct {
	verb        act.Verb
	short, long string
}{
	{act.Continue, "Let a rollout go on that waits for a person", "Continue says that the step which waits for a person is well, and that the next one may come."},
	{act.Skip, "Go to the last step of a rollout", "Skip leaves out the steps that are left, but for the last one. Its pods are waited for all the same."},
	{act.Rollback, "Take a rollout in flight back to stable, or a Deployment to a revision", "Rollback takes the traffic back to stable, and then the canary's pods away. On a terminal it asks first; --yes does not."},
	{act.Retry, "Release a template again that was rolled back", "Retry releases the template again that the last rollout went back from."},
	{act.Hold, "Hold a rollout where it is", "Hold keeps weights and pods as they are until resume: kubectl rollout pause for a Deployment, and the same for\nStatefulSets and DaemonSets, which kubectl cannot pause."},
	{act.Resume, "Let a rollout go on that was held", "Resume takes back what hold, or kubectl rollout pause, has done."},
}

func actionCommands(c *cluster) []*cobra.Command {
	var out []*cobra.Command
	for _, one := range actions {
		out = append(out, actionCommand(c, one.verb, one.short, one.long))
	}
	return out
}

func actionCommand(c *cluster, verb act.Verb, short, long string) *cobra.Command {
	yes := false
	cmd := &cobra.Command{
		Use: string(verb) + " NAME | KIND/NAME", Short: short, Args: cobra.ExactArgs(1), ValidArgsFunction: c.completeOne,
		Long: long + "\n\nWhat admission answers is printed as it is. It ends with 0 when it was said, and with 1 when it was refused.\n" +
			"Where the rollout has moved on meanwhile nothing is said.",
		RunE: func(cmd *cobra.Command, args []string) error {
			ask := verb == act.Rollback && !yes && command.Terminal(cmd.InOrStdin())
			return c.say(cmd, args[0], verb, ask)
		},
	}
	c.addTo(cmd)
	if verb == act.Rollback {
		cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
		orTo(c, cmd)
	}
	return cmd
}

// say says the verb to what runs now, perhaps after a question.
func (c *cluster) say(cmd *cobra.Command, name string, verb act.Verb, ask bool) error {
	warnings := &warned{}
	typed, _, err := c.connect(warnings)
	if err != nil {
		return err
	}
	ref, namespace, err := c.target(name)
	if err != nil {
		return err
	}
	seen, err := flight.Get(cmd.Context(), typed, namespace, ref)
	if err != nil {
		return err
	}
	if ask && !confirmed(cmd.InOrStdin(), cmd.ErrOrStderr(), seen) {
		return command.Exit(1, fmt.Errorf("nothing was said"))
	}
	err = act.Do(cmd.Context(), typed, seen, verb)
	for _, warning := range warnings.take() {
		fmt.Fprintln(cmd.ErrOrStderr(), "Warning:", warning)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s: said %q (%s)\n", seen.Ref(), verb, where(seen))
	return nil
}

// confirmed asks about a word on a terminal.
func confirmed(in io.Reader, out io.Writer, seen flight.Flight) bool {
	return agreed(in, out, fmt.Sprintf("Roll back %s (%s)?", seen.Ref(), where(seen)))
}

// agreed asks a question; all but y and yes is a no.
func agreed(in io.Reader, out io.Writer, question string) bool {
	fmt.Fprintf(out, "%s [y/N] ", question)
	line, _ := bufio.NewReader(in).ReadString('\n') // an end without a line is a no
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes"
}

// where is where a rollout stood when it was told.
func where(f flight.Flight) string {
	switch {
	case f.Phase == "":
		return "nothing is in flight"
	case f.InFlight() && f.Stepped():
		return fmt.Sprintf("%s, step %s, %d%%", f.Phase, f.Place(), f.Weight)
	default:
		return string(f.Phase)
	}
}
