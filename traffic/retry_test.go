// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// However often a rollout could not be looked at, it is looked at again within half a
// minute, and no other one waits for its sake.
func TestARolloutThatFailsIsTriedAgainSoon(t *testing.T) {
	o := looks(16)
	assert.Equal(t, 16, o.MaxConcurrentReconciles)
	failing, other := reconcile.Request{NamespacedName: demo}, reconcile.Request{}
	var waited time.Duration
	for range 100 {
		pause := o.RateLimiter.When(failing)
		assert.LessOrEqual(t, pause, longestPause)
		waited = max(waited, pause)
	}
	assert.Equal(t, longestPause, waited)
	assert.Equal(t, firstPause, o.RateLimiter.When(other))
	o.RateLimiter.Forget(failing)
	assert.Equal(t, firstPause, o.RateLimiter.When(failing), "once it was well, it starts anew")
}
