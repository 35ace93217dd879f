// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
)

// bench is one run.
type bench struct {
	options
	client  client.WithWatch
	core    kubernetes.Interface
	started time.Time
	seen    *sightings
	results results
}

func newBench(o options) (*bench, error) {
	config, err := ctrl.GetConfig()
	if err != nil {
		return nil, fmt.Errorf("cannot reach a cluster: %w", err)
	}
	config.QPS, config.WarningHandler = -1, rest.NoWarnings{}
	if err := gatewayv1.Install(scheme.Scheme); err != nil {
		return nil, err
	}
	c, err := client.NewWithWatch(config, client.Options{Scheme: scheme.Scheme})
	if err != nil {
		return nil, fmt.Errorf("cannot reach the cluster: %w", err)
	}
	core, err := kubernetes.NewForConfig(config)
	return &bench{options: o, client: c, core: core, started: time.Now(), seen: newSightings(), results: results{options: o}}, err
}

// say shows what is done, and since when.
func (b *bench) say(format string, args ...any) {
	fmt.Printf("[%4.0f s] %s\n", time.Since(b.started).Seconds(), fmt.Sprintf(format, args...))
}

// until asks again and again until all are there, and shows how many are.
func (b *bench) until(ctx context.Context, limit time.Duration, what string, count func() (there, all int, err error)) error {
	deadline, told := time.Now().Add(limit), time.Now()
	for {
		there, all, err := count()
		switch {
		case err != nil:
			return err
		case there >= all:
			return nil
		case time.Now().After(deadline):
			return fmt.Errorf("%s: %d of %d after %s", what, there, all, limit)
		case time.Since(told) > 10*time.Second:
			b.say("%s: %d of %d", what, there, all)
			told = time.Now()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// values are the chart's for this run: metrics and profiles to read, and the policy's waits.
const values = `
image: {repository: evenkeel.local/evenkeel, tag: dev, pullPolicy: Never}
metrics: {enabled: true}
profiling: {enabled: true}
policy:
  apiVersion: policy.evenkeel.dev/v1alpha1
  kind: RolloutPolicy
  rules:
  - name: scale
    rollout: {settle: %s, scaleDownDelay: %s}
`

// install installs the chart, with managers that have just started: of this image,
// and with nothing of an earlier run in their memory.
func (b *bench) install(context.Context) error {
	if out, err := fixture.InstallValues(fmt.Sprintf(values, b.settle, b.delay)); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	for _, args := range [][]string{{"restart"}, {"status", "--timeout=120s"}} {
		if out, err := fixture.Run("", append([]string{"kubectl", "-n", fixture.System, "rollout", args[0], "deployment/evenkeel"}, args[1:]...)...); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
	}
	return nil
}

// report prints the table of what was measured, and keeps it in a file.
func (b *bench) report() error {
	if b.results.restFor == 0 {
		return nil
	}
	text := b.results.table()
	fmt.Print("\n" + text)
	if err := os.MkdirAll(filepath.Dir(b.out), 0o755); err != nil {
		return err
	}
	return os.WriteFile(b.out, []byte(text), 0o644)
}
