// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package revision finds the version that a Deployment is to go back to: among the
// ReplicaSets that the stock controller keeps, by its numbers and by the ledger's
// records. A ReplicaSet that comes back gets a new number; the old ones lead to it
// all the same.
package revision
