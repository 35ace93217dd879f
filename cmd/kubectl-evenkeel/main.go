// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/evenkeel-dev/evenkeel/cmd/command"
	"github.com/evenkeel-dev/evenkeel/cmd/command/dashboard"
)

// version is set by the linker for a release.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := 0
	if err := rootCommand(newCluster()).ExecuteContext(ctx); err != nil {
		code = command.Tell(os.Stderr, err)
	}
	stop()
	os.Exit(code)
}

// needsPerson is the exit code of a rollout that somebody has to look at.
const needsPerson = 2

func rootCommand(c *cluster) *cobra.Command {
	root := &cobra.Command{
		Use: "evenkeel", Short: "See rollouts, and steer them",
		Annotations:  map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl evenkeel"},
		SilenceUsage: true, SilenceErrors: true,
	}
	root.CompletionOptions.DisableDefaultCmd = true // kubectl completes its plugins by kubectl_complete-evenkeel
	root.AddCommand(statusCommand(c), watchCommand(c), historyCommand(c), explainCommand(c), doctorCommand(c), versionCommand())
	pages := dashboard.Command(c.flags.ToRESTConfig)
	pages.Example = strings.ReplaceAll(pages.Example, "evenkeel ", "kubectl evenkeel ")
	c.addTo(pages)
	root.AddCommand(pages)
	root.AddCommand(actionCommands(c)...)
	for _, shared := range command.All(command.Kubectl{Flags: c.flags, One: true}) {
		shared.Example = strings.ReplaceAll(shared.Example, "evenkeel ", "kubectl evenkeel ")
		root.AddCommand(shared)
	}
	for _, cmd := range root.Commands() {
		c.complete(cmd)
	}
	return root
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) {
			fmt.Fprintf(cmd.OutOrStdout(), "kubectl-evenkeel %s %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		},
	}
}
