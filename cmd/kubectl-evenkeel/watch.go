// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/spf13/cobra"
	"k8s.io/client-go/kubernetes"

	"github.com/evenkeel-dev/evenkeel/cmd/command"
	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/act"
	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/flight"
	"github.com/evenkeel-dev/evenkeel/cmd/kubectl-evenkeel/internal/watch"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

func watchCommand(c *cluster) *cobra.Command {
	cmd := &cobra.Command{
		Use: "watch NAME | KIND/NAME", Short: "Watch a rollout, and steer it by keys", Args: cobra.ExactArgs(1),
		Long: "Watch shows a rollout while it happens: its steps, the traffic, the pods of both versions, what was measured, and what it\n" +
			"waits for. Keys: c continue, h hold or go on, s skip, r roll back (both ask first), q quit. What is not a terminal gets a\n" +
			"line for each change, and waits for nothing that is not in flight.\n\n" +
			"It ends with the rollout: with 0 when it is completed, or with 2 when it was rolled back; with 0 after q, and with 1\n" +
			"after an error.",
		Example:           "  kubectl evenkeel watch demo\n  kubectl apply -f demo.yaml && kubectl evenkeel watch demo | tee release.log",
		ValidArgsFunction: c.completeOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			warnings := &warned{}
			typed, _, err := c.connect(warnings)
			if err != nil {
				return err
			}
			ref, namespace, err := c.target(args[0])
			if err != nil {
				return err
			}
			ctx, cancel := context.WithCancel(cmd.Context())
			defer cancel()
			return watching(ctx, cmd, typed, warnings, namespace, ref)
		},
	}
	c.addTo(cmd)
	return cmd
}

// target is the workload that a person names.
func (c *cluster) target(name string) (flight.Ref, string, error) {
	ref, err := flight.ParseRef(name)
	if err != nil {
		return flight.Ref{}, "", err
	}
	namespace, err := c.namespace()
	return ref, namespace, err
}

// watching shows the rollout as whoever looks can see it.
func watching(ctx context.Context, cmd *cobra.Command, typed kubernetes.Interface, warnings *warned, namespace string, ref flight.Ref) error {
	sights := flight.Follow(ctx, typed, namespace, ref)
	if !command.Terminal(cmd.OutOrStdout()) || !command.Terminal(cmd.InOrStdin()) {
		f, err := watch.Lines(cmd.OutOrStdout(), sights, time.Now)
		if err != nil {
			return err
		}
		return outcome(f, true)
	}
	tell := func(seen flight.Flight, verb act.Verb) ([]string, error) {
		warnings.take()
		err := act.Do(ctx, typed, seen, verb)
		return warnings.take(), err
	}
	program := tea.NewProgram(watch.Model{Target: ref, Tell: tell, Now: time.Now(), Style: watch.Style{Colors: command.Colors(cmd.OutOrStdout())}},
		tea.WithContext(ctx), tea.WithInput(cmd.InOrStdin()), tea.WithOutput(cmd.OutOrStdout()))
	go func() {
		for sight := range sights {
			program.Send(sight)
		}
	}()
	last, err := program.Run()
	if err != nil && !errors.Is(err, tea.ErrInterrupted) && ctx.Err() == nil {
		return fmt.Errorf("cannot draw: %w", err)
	}
	if model, ours := last.(watch.Model); ours {
		return outcome(model.Ended())
	}
	return nil
}

// outcome is the end of the program by the end of the rollout.
func outcome(f flight.Flight, ended bool) error {
	if ended && f.Phase == rollout.RolledBack {
		return command.Exit(needsPerson, nil)
	}
	return nil
}
