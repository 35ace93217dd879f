// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package batches

import (
	"context"
	"time"

	"github.com/go-logr/logr"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/webhook/topology"
	"github.com/evenkeel-dev/evenkeel/webhook/workload"
)

// Handler reviews workloads of both kinds.
type Handler struct {
	Topology topology.Reader
	// Resolve gives the policy of an object by its namespace and labels, but for the
	// object's own annotations.
	Resolve func(ctx context.Context, namespace string, labels map[string]string) (policy.Policy, error)
	// Self is the user name under which Evenkeel itself writes.
	Self string
	Told workload.Told
	Log  logr.Logger
	Now  func() time.Time
}
