// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/evenkeel-dev/evenkeel/test/load"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	d, err := newDemo()
	if err == nil {
		err = d.run(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		if d != nil {
			d.diagnose()
		}
		os.Exit(1)
	}
}

// demo is one run. Its numbers are counted, never assumed.
type demo struct {
	cluster                       *cluster
	view                          *view
	load                          *load.Generator
	canaries, rolledback, refused int
	problems                      []string
}

func newDemo() (*demo, error) {
	c, err := newCluster()
	return &demo{cluster: c, view: newView(os.Stdout)}, err
}

func (d *demo) run(ctx context.Context) error {
	started := time.Now()
	if err := d.prepare(ctx); err != nil {
		return err
	}
	loading, stop := context.WithCancel(ctx)
	defer stop()
	url, err := d.cluster.gatewayURL(ctx)
	if err != nil {
		return err
	}
	d.load = load.Start(loading, load.Config{URL: url, Host: "demo.example", Clients: 8, Gap: 10 * time.Millisecond})
	for _, act := range []func(context.Context) error{d.goodCanary, d.badCanary, d.unsafeManifest} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	stop()
	d.load.Wait()
	return d.finish(time.Since(started))
}

// prepare installs the chart and brings version 1 up behind the gateway.
func (d *demo) prepare(ctx context.Context) error {
	for _, step := range []struct {
		title string
		do    func(context.Context) error
	}{
		{"installing the chart with helm", d.cluster.installChart},
		{"making the namespace demo anew", d.cluster.freshNamespace},
		{"applying Service, Gateway and HTTPRoute", func(ctx context.Context) error { _, err := d.cluster.apply(ctx, "base.yaml"); return err }},
		{"applying version 1, 4 replicas", func(ctx context.Context) error {
			out, err := d.cluster.apply(ctx, "v1.yaml")
			d.view.quote(out)
			return err
		}},
		{"waiting for version 1", d.cluster.rolloutStatus},
		{"waiting for the gateway to answer", d.cluster.serving},
	} {
		d.view.title(step.title)
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.title, err)
		}
	}
	return nil
}

// goodCanary applies version 2 and follows it to its end.
func (d *demo) goodCanary(ctx context.Context) error {
	d.view.title("kubectl apply of version 2: a canary of 20%, 50%, 100%")
	before, err := d.cluster.specs(ctx)
	if err != nil {
		return err
	}
	out, err := d.cluster.apply(ctx, "v2.yaml")
	d.view.quote(out)
	if err != nil {
		return err
	}
	status := make(chan error, 1)
	go func() { status <- d.cluster.rolloutStatus(ctx) }()
	end, err := d.follow(ctx, "v2")
	if err != nil {
		return err
	}
	d.expect(end.Phase == rollout.Completed, "the canary of version 2 ended as %s: %s", end.Phase, end.Reason)
	if err := <-status; err != nil {
		d.expect(false, "kubectl rollout status failed: %v", err)
	} else {
		d.view.line("kubectl rollout status waited for the end and said: successfully rolled out")
	}
	if end.Phase == rollout.Completed {
		d.canaries++
	}
	d.expectRestored(ctx, before)
	return nil
}

// badCanary applies version 3, which never becomes ready.
func (d *demo) badCanary(ctx context.Context) error {
	d.view.title("kubectl apply of version 3, which never becomes ready")
	before, err := d.cluster.specs(ctx)
	if err != nil {
		return err
	}
	pods, err := d.cluster.podNames(ctx)
	if err != nil {
		return err
	}
	out, err := d.cluster.apply(ctx, "v3.yaml")
	d.view.quote(out)
	if err != nil {
		return err
	}
	end, err := d.follow(ctx, "v3")
	if err != nil {
		return err
	}
	d.canaries++
	d.expect(end.Phase == rollout.RolledBack, "version 3 ended as %s", end.Phase)
	if end.Phase == rollout.RolledBack {
		d.rolledback++
		d.view.line("rolled back by itself: %s", end.Reason)
	}
	after, err := d.cluster.podNames(ctx)
	if err != nil {
		return err
	}
	d.expect(strings.Join(pods, " ") == strings.Join(after, " "), "stable's pods were %v and are %v", pods, after)
	d.view.line("stable's pods are the same by name: %s", strings.Join(after, " "))
	d.expectRestored(ctx, before)
	return nil
}

// unsafeManifest applies what would be an outage.
func (d *demo) unsafeManifest(ctx context.Context) error {
	d.view.title("kubectl apply of an unsafe manifest: maxSurge 0, maxUnavailable 100%")
	out, err := d.cluster.apply(ctx, "unsafe.yaml")
	d.view.quote(out)
	d.expect(err != nil && strings.Contains(out, "floor-zero"), "the unsafe manifest was not refused: %v", err)
	if err != nil {
		d.refused++
	}
	return nil
}

func (d *demo) expectRestored(ctx context.Context, before string) {
	after, err := d.cluster.specs(ctx)
	d.expect(err == nil && before == after, "Service or HTTPRoute are not what they were:\n%s\n%s", before, after)
	owned, err := d.cluster.specFieldsOfEvenkeel(ctx)
	d.expect(err == nil && len(owned) == 0, "fields of the spec belong to Evenkeel: %v %v", owned, err)
	if before == after && len(owned) == 0 {
		d.view.line("Service and HTTPRoute are what they were; no field of a spec belongs to Evenkeel")
	}
}

// expect keeps what was not as it should be, for the end.
func (d *demo) expect(holds bool, format string, args ...any) {
	if !holds {
		problem := fmt.Sprintf(format, args...)
		d.problems = append(d.problems, problem)
		d.view.line("NOT AS EXPECTED: %s", problem)
	}
}

func (d *demo) finish(took time.Duration) error {
	seen := d.load.Counts()
	for _, failure := range seen.Failures {
		d.view.line("failed request: %s", failure)
	}
	d.view.line("took %s; the slowest request took %s; answers by version: %v", took.Round(time.Second), seen.Worst.Round(time.Millisecond), seen.Versions)
	fmt.Printf("demo: requests=%d failed=%d canaries=%d rolledback=%d refused=%d\n", seen.Requests, seen.Failed, d.canaries, d.rolledback, d.refused)
	if seen.Failed > 0 || len(d.problems) > 0 {
		return fmt.Errorf("%d failed request(s), %d thing(s) not as expected", seen.Failed, len(d.problems))
	}
	return nil
}

func (d *demo) diagnose() {
	fmt.Fprintln(os.Stderr, d.cluster.diagnosis())
}
