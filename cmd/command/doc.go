// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package command holds the subcommands that need no manager: what a person says
// to evenkeel, and to kubectl evenkeel, in the same words.
package command

import "github.com/spf13/cobra"

// All are the subcommands; those that reach a cluster do so by the flags.
func All(k Kubectl) []*cobra.Command {
	return []*cobra.Command{lintCommand(), planCommand(k), routeCommand(), auditCommand(k), restoreCommand(k)}
}
