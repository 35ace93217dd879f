// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
)

// Kubectl are the flags that kubectl has, too, by which a command reaches a cluster.
type Kubectl struct {
	Flags *genericclioptions.ConfigFlags
	// One tells that where no namespace is named it is that of the kubeconfig's
	// context, as with kubectl; else it is all of them.
	One bool
}

// addTo gives them to a command; a flag that the command has already stays.
func (k Kubectl) addTo(cmd *cobra.Command) {
	k.Flags.AddFlags(cmd.Flags())
	if !k.One {
		cmd.Flags().Lookup("namespace").Usage = "one namespace; all of them where left out"
	}
}

// named is the namespace of the flag.
func (k Kubectl) named() string { return *k.Flags.Namespace }

// Output gives a command the flag of its formats, and completes them.
func Output(cmd *cobra.Command, to *string, usual, usage string, formats ...string) {
	cmd.Flags().StringVarP(to, "output", "o", usual, usage)
	formats = slices.DeleteFunc(slices.Clone(formats), func(one string) bool { return one == "" })
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
}

// OneOf refuses a flag's value that is none of those that there are. An empty one is
// a flag that may be left out.
func OneOf(flag, value string, known ...string) error {
	if slices.Contains(known, value) {
		return nil
	}
	words := slices.DeleteFunc(slices.Clone(known), func(one string) bool { return one == "" })
	return fmt.Errorf("%s=%q is not known: use %s", flag, value, strings.Join(words, ", "))
}
