// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/evenkeel-dev/evenkeel/cmd/command"
	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/flight"
	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/status"
	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/watch"
)

// looking are the flags of status.
type looking struct {
	*cluster
	all, exitCode bool
	output        string
	recent        time.Duration
}

func statusCommand(c *cluster) *cobra.Command {
	l := &looking{cluster: c}
	cmd := &cobra.Command{
		Use: "status [NAME | KIND/NAME ...]", Short: "Show the rollouts that are in flight, and those that ended lately",
		Long: "Status shows where rollouts are and what they wait for: those that are in flight and those that ended within --recent,\n" +
			"or the workloads of the names. AGE is how long a rollout has been where it stands.\n\n" +
			"It ends with 0, or with 1 where something cannot be read. With --exit-code it ends with 2 where a rollout waits for a\n" +
			"person, is held, was rolled back, or has a state that cannot be read.",
		Example:           "  kubectl evenkeel status -A\n  kubectl evenkeel status demo statefulset/db -o wide\n  kubectl evenkeel status --exit-code -A >/dev/null || page-somebody",
		ValidArgsFunction: c.completeWorkloads,
		RunE:              func(cmd *cobra.Command, names []string) error { return l.run(cmd, names) },
	}
	c.addTo(cmd)
	f := cmd.Flags()
	f.BoolVarP(&l.all, "all-namespaces", "A", false, "rollouts of all namespaces")
	command.Output(cmd, &l.output, "", "wide, json, yaml or name; a table where left out", status.Formats()...)
	f.DurationVar(&l.recent, "recent", time.Hour, "how long ago a rollout may have ended to be shown; 0s shows only those in flight")
	f.BoolVar(&l.exitCode, "exit-code", false, "end with 2 where a rollout needs a person")
	return cmd
}

func (l *looking) run(cmd *cobra.Command, names []string) error {
	if err := command.OneOf("--output", l.output, status.Formats()...); err != nil {
		return err
	}
	if l.all && len(names) > 0 {
		return fmt.Errorf("--all-namespaces goes with no names: a name is of one namespace")
	}
	flights, err := l.read(cmd.Context(), names)
	if err != nil {
		return err
	}
	if len(flights) == 0 && (l.output == "" || l.output == "wide") {
		fmt.Fprintf(cmd.ErrOrStderr(), "no rollout is in flight, and none ended within %s\n", l.recent)
		return nil
	}
	view := status.View{Format: l.output, Namespaces: l.all, Now: time.Now()}
	if command.Colors(cmd.OutOrStdout()) {
		view.Paint = watch.Style{Colors: true}.Phase
	}
	if err := view.Write(cmd.OutOrStdout(), flights); err != nil {
		return err
	}
	if l.exitCode && slices.ContainsFunc(flights, flight.Flight.NeedsPerson) {
		return command.Exit(needsPerson, nil)
	}
	return nil
}

func (l *looking) read(ctx context.Context, names []string) ([]flight.Flight, error) {
	c, _, err := l.connect(rest.NoWarnings{})
	if err != nil {
		return nil, err
	}
	namespace, err := l.namespace()
	if err != nil {
		return nil, err
	}
	if len(names) > 0 {
		return named(ctx, c, namespace, names)
	}
	if l.all {
		namespace = ""
	}
	return flight.List(ctx, c, namespace, time.Now().Add(-l.recent))
}

func named(ctx context.Context, c kubernetes.Interface, namespace string, names []string) ([]flight.Flight, error) {
	var out []flight.Flight
	for _, name := range names {
		ref, err := flight.ParseRef(name)
		if err != nil {
			return nil, err
		}
		f, err := flight.Get(ctx, c, namespace, ref)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}
