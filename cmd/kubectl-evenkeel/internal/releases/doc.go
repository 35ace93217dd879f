// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package releases shows what the ledger of a workload keeps: a line a release,
// or one of them in full. A ledger that may not be read, or in part, is told, and
// never in the way of what else there is.
package releases
