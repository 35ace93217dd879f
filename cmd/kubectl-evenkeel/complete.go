// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd/api"
)

// complete completes the values of the usual flags, where a command has them: out
// of the cluster, and out of the kubeconfig.
func (c *cluster) complete(cmd *cobra.Command) {
	for flag, words := range map[string]cobra.CompletionFunc{
		"namespace":          c.completeNamespaces,
		"evenkeel-namespace": c.completeNamespaces,
		"policy-namespace":   c.completeNamespaces,
		"context":            c.completeConfig(func(k api.Config) []string { return slices.Sorted(maps.Keys(k.Contexts)) }),
		"cluster":            c.completeConfig(func(k api.Config) []string { return slices.Sorted(maps.Keys(k.Clusters)) }),
		"user":               c.completeConfig(func(k api.Config) []string { return slices.Sorted(maps.Keys(k.AuthInfos)) }),
	} {
		if cmd.Flags().Lookup(flag) != nil {
			_ = cmd.RegisterFlagCompletionFunc(flag, words) // the flag is there
		}
	}
}

// completeConfig completes what the kubeconfig names.
func (c *cluster) completeConfig(names func(api.Config) []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		kubeconfig, err := c.flags.ToRawKubeConfigLoader().RawConfig()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		out := slices.DeleteFunc(names(kubeconfig), func(name string) bool { return !strings.HasPrefix(name, typed) })
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeWorkloads completes Deployments by their name, and others as KIND/NAME.
// Whoever cannot reach the cluster gets nothing.
func (c *cluster) completeWorkloads(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	typedClient, _, err := c.connect(rest.NoWarnings{})
	namespace, unknown := c.namespace()
	if err != nil || unknown != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []cobra.Completion
	for _, name := range workloads(cmd.Context(), typedClient, namespace) {
		if strings.HasPrefix(name, typed) && !slices.Contains(args, name) {
			out = append(out, name)
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// completeOne completes the one name that a command takes.
func (c *cluster) completeOne(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return c.completeWorkloads(cmd, args, typed)
}

// workloads names what there is; of a kind that may not be listed there is nothing.
func workloads(ctx context.Context, c kubernetes.Interface, namespace string) []string {
	var out []string
	if list, err := c.AppsV1().Deployments(namespace).List(ctx, metav1.ListOptions{}); err == nil {
		for _, one := range list.Items {
			out = append(out, one.Name)
		}
	}
	if list, err := c.AppsV1().StatefulSets(namespace).List(ctx, metav1.ListOptions{}); err == nil {
		for _, one := range list.Items {
			out = append(out, "statefulset/"+one.Name)
		}
	}
	if list, err := c.AppsV1().DaemonSets(namespace).List(ctx, metav1.ListOptions{}); err == nil {
		for _, one := range list.Items {
			out = append(out, "daemonset/"+one.Name)
		}
	}
	return out
}

func (c *cluster) completeNamespaces(cmd *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	typedClient, _, err := c.connect(rest.NoWarnings{})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	list, err := typedClient.CoreV1().Namespaces().List(cmd.Context(), metav1.ListOptions{})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []cobra.Completion
	for _, one := range list.Items {
		if strings.HasPrefix(one.Name, typed) {
			out = append(out, one.Name)
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
