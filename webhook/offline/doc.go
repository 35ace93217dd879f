// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package offline asks admission what it would answer, without a cluster to
// change. A World holds objects in memory, out of files or out of one reading of
// a cluster, and Admit sends a Deployment through the very door that the API
// server uses: the answer is admission's own.
package offline
