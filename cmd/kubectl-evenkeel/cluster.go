// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/cmd/command"
)

// cluster is how commands reach one: by the flags that kubectl has, too.
type cluster struct {
	flags *genericclioptions.ConfigFlags
	// connect gives the clients; a test has its own.
	connect func(rest.WarningHandler) (kubernetes.Interface, client.Client, error)
}

func newCluster() *cluster {
	c := &cluster{flags: genericclioptions.NewConfigFlags(true)}
	c.connect = c.dial
	return c
}

// addTo gives a command the usual flags.
func (c *cluster) addTo(cmd *cobra.Command) { c.flags.AddFlags(cmd.Flags()) }

func (c *cluster) dial(warnings rest.WarningHandler) (kubernetes.Interface, client.Client, error) {
	config, err := c.flags.ToRESTConfig()
	if err != nil {
		return nil, nil, fmt.Errorf("cannot reach a cluster: %w", err)
	}
	config.QPS, config.Burst = 50, 100
	config.WarningHandler = warnings
	typed, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot reach a cluster: %w", err)
	}
	all, err := client.New(config, client.Options{Scheme: command.Scheme()})
	if err != nil {
		return nil, nil, fmt.Errorf("cannot reach a cluster: %w", err)
	}
	return typed, all, nil
}

// namespace is that of the flag, or of the kubeconfig's context.
func (c *cluster) namespace() (string, error) {
	name, _, err := c.flags.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return "", fmt.Errorf("cannot read the kubeconfig: %w", err)
	}
	return name, nil
}

// warned keeps the warnings of a cluster's answers.
type warned struct {
	mu   sync.Mutex
	text []string
}

// HandleWarningHeader keeps one.
func (w *warned) HandleWarningHeader(code int, _ string, text string) {
	if code != 299 || text == "" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text = append(w.text, text)
}

// take gives what came since the last time, each text once.
func (w *warned) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.text
	w.text = nil
	seen := map[string]bool{}
	return slices.DeleteFunc(out, func(text string) bool {
		twice := seen[text]
		seen[text] = true
		return twice
	})
}

// policyFlags are where the cluster's policy is.
func policyFlags(f *pflag.FlagSet, key *client.ObjectKey) {
	f.StringVar(&key.Namespace, "policy-namespace", "evenkeel-system", "namespace of the cluster's policy")
	f.StringVar(&key.Name, "policy-configmap", "evenkeel-policy", "ConfigMap of the cluster's policy")
}
