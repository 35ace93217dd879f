// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package build makes the cluster's programs from pinned modules, once, into a
// cache that is keyed by everything that goes into them: module files, flags,
// patch and Go version. A group is built beside its place and moved there whole,
// so a folder that exists is complete.
package build
