// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// The pauses after a look at a rollout that failed: the first, and the longest. Each
// is twice the one before.
const (
	firstPause   = 5 * time.Millisecond
	longestPause = 30 * time.Second
)

// looks are how a controller of rollouts works: so many at once, and one that fails is
// tried again within the longest pause. The library's own longest is a quarter of an
// hour, in which a rollout whose API server was away would stand still with its split,
// and its deadlines would pass unseen. What does not fail is never delayed, and the
// client has no limit of its own: each write follows a change, and the API server's
// priorities and fairness bound the rest.
func looks(concurrency int) controller.Options {
	return controller.Options{
		MaxConcurrentReconciles: concurrency,
		RateLimiter:             workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](firstPause, longestPause),
	}
}
