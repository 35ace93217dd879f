// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package load sends requests, by HTTP or gRPC, from several clients and counts
// the answers by version: half of the clients open a connection for each request,
// half keep theirs alive, each its own. What is not an answer of the demo
// application is a failure, counted with its time and its text.
package load
