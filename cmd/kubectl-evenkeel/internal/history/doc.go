// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package history lists the revisions of a workload, as its ReplicaSets or
// ControllerRevisions tell them, and which of them serve.
package history
