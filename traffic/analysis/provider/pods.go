// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"sync"
	"time"

	"github.com/evenkeel-dev/evenkeel/traffic/analysis"
)

// forgotten is when a look is: a canary that was not looked at for so long is not
// in flight any more, or nobody asks about it.
const forgotten = time.Hour

// pods looks at the pods of both versions, and remembers the last look at each
// canary: a pod that stopped being ready in between tells by that alone. A manager
// that has just become the leader begins anew.
type pods struct {
	cluster
	looks looks
}

// Measure counts what the pods went through.
func (p *pods) Measure(ctx context.Context, q analysis.Question) (analysis.Reading, error) {
	out := analysis.Reading{Pods: map[analysis.Version]analysis.Health{}}
	canary, err := p.pods(ctx, q, q.State.Canary)
	if err != nil {
		return out, err
	}
	stable, err := p.pods(ctx, q, q.State.Stable)
	if err != nil {
		return out, err
	}
	before := p.looks.swap(q, analysis.ReadinessOf(canary))
	out.Pods[analysis.Canary], out.Pods[analysis.Stable] = analysis.HealthOf(canary, before), analysis.HealthOf(stable, nil)
	return out, nil
}

// looks are the last ones, by whose they are: each analysis has its own, since
// each tells what it saw.
type looks struct {
	mu   sync.Mutex
	last map[look]seen
}

type look struct{ namespace, kind, name, hash, analysis string }

type seen struct {
	at    time.Time
	ready analysis.Readiness
}

// swap keeps a look, and gives the one before it.
func (l *looks) swap(q analysis.Question, now analysis.Readiness) analysis.Readiness {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil {
		l.last = map[look]seen{}
	}
	for key, one := range l.last {
		if q.At.Sub(one.at) > forgotten {
			delete(l.last, key)
		}
	}
	key := look{q.Namespace, q.Kind, q.Deployment, q.State.Canary.Hash, q.Spec.Name}
	before := l.last[key].ready
	l.last[key] = seen{q.At, now}
	return before
}
