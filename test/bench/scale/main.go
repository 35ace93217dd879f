// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal does not wait for the cleaning up
	o, err := parse(os.Args[1:])
	if err == nil {
		err = run(ctx, o)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-scale:", err)
		os.Exit(1)
	}
}

// options are the sizes of a run.
type options struct {
	deployments, canaries int
	perNamespace          int
	steps                 string
	// settle and delay are the policy's waits.
	settle, delay time.Duration
	// rest is how long the managers are watched at rest, spread the time over
	// which the second round's canaries start.
	rest, spread time.Duration
	out          string
	keep         bool
}

func parse(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("scale", flag.ContinueOnError)
	f.IntVar(&o.deployments, "deployments", 10000, "Deployments, each with its Service and HTTPRoute")
	f.IntVar(&o.canaries, "canaries", 1000, "how many of them have a pod, and are released")
	f.IntVar(&o.perNamespace, "per-namespace", 100, "how many of the Deployments share a namespace")
	f.StringVar(&o.steps, "steps", "20%:1m,50%:1m,100%:1m", "steps of each canary")
	f.DurationVar(&o.settle, "settle", 5*time.Second, "policy: settle")
	f.DurationVar(&o.delay, "scale-down-delay", 10*time.Second, "policy: scaleDownDelay")
	f.DurationVar(&o.rest, "rest", 2*time.Minute, "how long to watch the managers at rest")
	f.DurationVar(&o.spread, "spread", 5*time.Minute, "time over which the canaries of the second round start; 0s: no second round")
	f.StringVar(&o.out, "out", filepath.Join("bin", "bench-scale.md"), "file for the table")
	f.BoolVar(&o.keep, "keep", false, "leave the objects in the cluster")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	steps, err := rollout.ParseSteps(o.steps)
	switch {
	case err != nil:
		return o, err
	case len(steps) == 0 || endless(steps):
		return o, fmt.Errorf("-steps=%s never ends by itself: leave out the pause", o.steps)
	case o.canaries < 1 || o.canaries > o.deployments:
		return o, fmt.Errorf("-canaries=%d: use 1 to -deployments=%d", o.canaries, o.deployments)
	case o.perNamespace < 1:
		return o, fmt.Errorf("-per-namespace=%d: use 1 or more", o.perNamespace)
	}
	return o, nil
}

func endless(steps rollout.Steps) bool {
	for _, step := range steps {
		if step.Pause {
			return true
		}
	}
	return false
}

// run measures everything, and leaves the cluster as it was.
func run(ctx context.Context, o options) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	b, err := newBench(o)
	if err != nil {
		return err
	}
	stop, err := b.startNodes(ctx)
	if err != nil {
		return err
	}
	defer stop()
	if !o.keep {
		defer func() { err = errors.Join(err, b.clean(context.WithoutCancel(ctx))) }()
	}
	for _, part := range []struct {
		title string
		do    func(context.Context) error
	}{
		{"installing the chart", b.install},
		{"making Deployments, Services and routes", b.makeObjects},
		{"watching", b.watch},
		{"waiting until everything is at rest", b.settleDown},
		{"watching the managers at rest", b.atRest},
		{"releasing all canaries at once", b.atOnce},
		{"releasing the canaries one after another", b.spreadOut},
	} {
		b.say("%s", part.title)
		if err := part.do(ctx); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", part.title, err), b.report())
		}
	}
	return b.report()
}
