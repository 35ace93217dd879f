// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// probeEvery is how often single API writes are timed.
const probeEvery = 200 * time.Millisecond

func (b *bench) atRest(ctx context.Context) error {
	before, err := b.usage(ctx)
	if err != nil {
		return err
	}
	probed := b.probe(ctx)
	if err := pause(ctx, b.rest); err != nil {
		return err
	}
	after, err := b.usage(ctx)
	if err != nil {
		return err
	}
	b.results.idle = probed()
	b.results.restFor = after.at.Sub(before.at)
	b.results.atRest, err = after.since(before)
	return err
}

func (b *bench) atOnce(ctx context.Context) error { return b.round(ctx, "all at once", 0) }

func (b *bench) spreadOut(ctx context.Context) error {
	if b.spread == 0 {
		return nil
	}
	return b.round(ctx, fmt.Sprintf("over %s", b.spread), b.spread/time.Duration(b.canaries))
}

// round releases every canary, each so much later than the one before, and waits
// for all. A round that is broken off has its figures, too.
func (b *bench) round(ctx context.Context, name string, apart time.Duration) error {
	b.seen.forget()
	before, err := b.usage(ctx)
	if err != nil {
		return err
	}
	probed := b.probe(ctx)
	if err := b.start(ctx, apart); err != nil {
		return err
	}
	waits := b.waits()
	unended := b.until(ctx, 10*waits+10*time.Minute, "ended", func() (int, int, error) { return b.seen.ended(), b.canaries, nil })
	_ = pause(ctx, 3*time.Second) // Events are written behind
	after, err := b.usage(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	spent, err := after.since(before)
	if err != nil {
		return err
	}
	b.results.rounds = append(b.results.rounds, newRound(name, b.seen.all(), waits, spent, probed()))
	if unended != nil {
		return fmt.Errorf("%w; one waits until %q", unended, b.firstWait())
	}
	return nil
}

// waits is how long a release takes that nothing but its own times delays: the
// steps, the settle times of prepare, service and drain, the scale-down delay.
func (o options) waits() time.Duration {
	sum := 3*o.settle + o.delay
	steps, _ := rollout.ParseSteps(o.steps) // was parsed before
	for _, step := range steps {
		sum += max(step.Duration, o.settle)
	}
	return sum
}

// start writes a new image to every canary's Deployment.
func (b *bench) start(ctx context.Context, apart time.Duration) error {
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
		"containers": []any{map[string]any{"name": container, "image": fmt.Sprintf("registry.example/app:v%d", time.Now().Unix())}},
	}}}})
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(writers)
	for i := range b.canaries {
		if err := pause(ctx, apart); err != nil {
			break
		}
		group.Go(func() error {
			d := &appsv1.Deployment{}
			d.Namespace, d.Name = b.names(i)
			b.seen.sent(client.ObjectKeyFromObject(d), time.Now())
			if err := b.client.Patch(ctx, d, client.RawPatch(types.StrategicMergePatchType, patch)); err != nil {
				return fmt.Errorf("cannot release %s: %w", d.Name, err)
			}
			if state, err := rollout.ParseState(d.Annotations[rollout.StateAnnotation]); err != nil || !state.InFlight() {
				return fmt.Errorf("no canary of %s began: its state is %s", d.Name, state)
			}
			return nil
		})
	}
	return group.Wait()
}

// writes are the times of single API writes: of a ConfigMap, which nobody reviews,
// and of a Deployment's label, which Evenkeel reviews.
type writes struct{ plain, reviewed []time.Duration }

// probe times one write after another, until it is called back.
func (b *bench) probe(ctx context.Context) (probed func() writes) {
	ctx, cancel := context.WithCancel(ctx)
	var took writes
	var running sync.WaitGroup
	running.Go(func() {
		plain := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "probe"}}
		plain.Namespace, _ = b.names(0)
		_ = b.client.Create(ctx, plain)
		reviewed := &appsv1.Deployment{}
		reviewed.Namespace, reviewed.Name = b.names(b.deployments - 1)
		for n := 0; pause(ctx, probeEvery) == nil; n++ {
			took.plain = b.timed(ctx, took.plain, plain, fmt.Appendf(nil, `{"data":{"n":"%d"}}`, n))
			took.reviewed = b.timed(ctx, took.reviewed, reviewed, fmt.Appendf(nil, `{"metadata":{"labels":{"n":"%d"}}}`, n))
		}
	})
	return func() writes {
		cancel()
		running.Wait()
		return took
	}
}

// timed adds how long a patch took; one that fails tells nothing.
func (b *bench) timed(ctx context.Context, took []time.Duration, object client.Object, patch []byte) []time.Duration {
	start := time.Now()
	if b.client.Patch(ctx, object, client.RawPatch(types.MergePatchType, patch)) != nil {
		return took
	}
	return append(took, time.Since(start))
}

// firstWait is what some release that has not ended waits for.
func (b *bench) firstWait() string {
	for _, r := range b.seen.all() {
		if r.ended.IsZero() {
			return r.last.Wait
		}
	}
	return ""
}
