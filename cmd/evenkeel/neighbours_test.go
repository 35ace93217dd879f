// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"sigs.k8s.io/controller-runtime/pkg/cache"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// synced is an informer that has heard of everything, or of nothing yet.
type synced struct {
	cache.Informer
	all bool
}

// HasSynced tells which.
func (s synced) HasSynced() bool { return s.all }

// A kind that the cluster does not have is never known; one of the manager's own
// cache always is.
func TestWhichNeighboursAreKnown(t *testing.T) {
	n := &neighbours{informers: map[policy.Kind]cache.Informer{policy.Gateways: nil, policy.GatewayClasses: synced{}, policy.Budgets: synced{all: true}}}
	for kind, want := range map[policy.Kind]bool{policy.Gateways: false, policy.GatewayClasses: false, policy.Budgets: true, policy.Services: true} {
		assert.Equal(t, want, n.filled(kind), kind)
	}
}
