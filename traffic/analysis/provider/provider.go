// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/traffic/analysis"
)

// Provider asks a question once. An error says why nobody answered.
type Provider interface {
	Measure(ctx context.Context, q analysis.Question) (analysis.Reading, error)
}

// New gives a Provider that asks whomever a question's analysis names. live reads
// the API server, and Secrets of one namespace.
func New(live client.Reader, secretsIn string) Provider {
	around := cluster{live: live, secretsIn: secretsIn}
	web := newWeb()
	return byKind{prometheus: prometheus{cluster: around, web: web}, gate: gate{cluster: around, web: web}, pods: &pods{cluster: around}}
}

type byKind struct{ prometheus, gate, pods Provider }

// Measure asks the provider that the analysis names.
func (b byKind) Measure(ctx context.Context, q analysis.Question) (analysis.Reading, error) {
	switch {
	case q.Spec.Gate != nil:
		return b.gate.Measure(ctx, q)
	case q.Spec.Pods != nil:
		return b.pods.Measure(ctx, q)
	default:
		return b.prometheus.Measure(ctx, q)
	}
}
