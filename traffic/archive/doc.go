// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package archive keeps the ledger's records in the cluster: in one ConfigMap a
// workload, which goes with it. The controller calls it before it writes a
// state; a ledger that cannot be written stops no release, and is told on the
// workload, counted, and logged with the record itself.
package archive
