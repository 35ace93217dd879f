// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"

	"github.com/evenkeel-dev/evenkeel/traffic/analysis"
)

// pods looks at the pods of both versions.
type pods struct{ cluster }

// Measure counts what the pods went through.
func (p pods) Measure(ctx context.Context, q analysis.Question) (analysis.Reading, error) {
	out := analysis.Reading{Pods: map[analysis.Version]analysis.Health{}}
	canary, err := p.pods(ctx, q.Namespace, q.State.Canary)
	if err != nil {
		return out, err
	}
	stable, err := p.pods(ctx, q.Namespace, q.State.Stable)
	if err != nil {
		return out, err
	}
	out.Pods[analysis.Canary], out.Pods[analysis.Stable] = analysis.HealthOf(canary), analysis.HealthOf(stable)
	return out, nil
}
