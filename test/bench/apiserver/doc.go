// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package apiserver measures what a write of a Deployment costs on a real API
// server: without a webhook, with one that does nothing, and with ours. The one
// that does nothing runs like ours, in a pod of its own behind a Service, and is
// registered by a copy of our configurations. Writes of the three are
// interleaved, and the Deployments have no replicas, so that no pod starts.
//
//	bin/cluster exec -- env EVENKEEL_CLUSTER=local go test -run '^$' -bench . ./test/bench/apiserver
package apiserver
