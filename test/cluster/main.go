// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/evenkeel-dev/evenkeel/test/cluster/internal/node"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := command(ctx, os.Args[1:]); err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			os.Exit(exit.ExitCode())
		}
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("say what to do: build, up, load, exec, restart, status or down")
	}
	if args[0] == "inner" && len(args) == 3 {
		return node.Inner(args[1], args[2])
	}
	if err := preflight(); err != nil {
		return err
	}
	c, err := newCluster()
	if err != nil {
		return err
	}
	switch args[0] {
	case "build":
		return c.build()
	case "up":
		return c.up(ctx)
	case "load":
		return c.load()
	case "exec":
		return c.exec(args[1:])
	case "restart":
		if len(args) != 2 {
			return errors.New("say which component to restart, such as kube-apiserver")
		}
		return c.node.Restart(args[1])
	case "status":
		return c.status()
	case "down":
		return c.node.Stop()
	default:
		return fmt.Errorf("%q is not a command: build, up, load, exec, restart, status or down", args[0])
	}
}
