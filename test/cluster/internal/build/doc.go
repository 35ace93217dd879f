// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package build makes the cluster's programs from pinned modules, once, into a
// cache that is keyed by module files, flags and Go version.
package build
