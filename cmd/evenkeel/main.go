// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"runtime"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/evenkeel-dev/evenkeel/cmd/command"
)

// version is set by the linker for a release.
var version = "dev"

func main() {
	if err := rootCommand().ExecuteContext(ctrl.SetupSignalHandler()); err != nil {
		os.Exit(command.Tell(os.Stderr, err))
	}
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use: "evenkeel", Short: "Keeps every Kubernetes rollout on an even keel",
		SilenceUsage: true, SilenceErrors: true,
	}
	root.AddCommand(managerCommand(), versionCommand())
	root.AddCommand(command.All(command.Kubectl{Flags: genericclioptions.NewConfigFlags(true)})...)
	return root
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) {
			fmt.Fprintf(cmd.OutOrStdout(), "evenkeel %s %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		},
	}
}
