// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/spf13/cobra"
	ctrl "sigs.k8s.io/controller-runtime"
)

// version is set by the linker for a release.
var version = "dev"

func main() {
	if err := rootCommand().ExecuteContext(ctrl.SetupSignalHandler()); err != nil {
		os.Exit(tell(os.Stderr, err))
	}
}

// tell says what went wrong, and gives the code to end with.
func tell(to io.Writer, err error) int {
	if text := err.Error(); text != "" {
		fmt.Fprintln(to, "evenkeel:", text)
	}
	if e := (exit{}); errors.As(err, &e) {
		return e.code
	}
	return 1
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use: "evenkeel", Short: "Keeps every Kubernetes rollout on an even keel",
		SilenceUsage: true, SilenceErrors: true,
	}
	root.AddCommand(managerCommand(), lintCommand(), planCommand(), routeCommand(), auditCommand(), restoreCommand(), versionCommand())
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
