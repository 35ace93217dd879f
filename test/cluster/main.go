// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/evenkeel-dev/evenkeel/test/cluster/internal/node"
)

const usage = "build, up, load, exec, start, restart, status, env or down"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := command(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("say what to do: " + usage)
	}
	name, args := args[0], args[1:]
	if name == "inner" {
		return node.Inner(args)
	}
	if err := allowed(os.Geteuid()); err != nil {
		return err
	}
	c, err := newCluster()
	if err != nil {
		return err
	}
	switch name {
	case "build":
		return c.locked(func() error { _, err := c.build(ctx, args...); return err })
	case "up":
		return c.locked(func() error { return c.up(ctx) })
	case "load":
		return c.locked(func() error { return c.load(ctx) })
	case "down":
		return c.locked(c.down)
	case "exec":
		return c.exec(args)
	case "start":
		return c.start(args)
	case "restart":
		return c.restart(args)
	case "status":
		return c.status()
	case "env":
		return c.env()
	default:
		return fmt.Errorf("%q is not a command: %s", name, usage)
	}
}
