// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package image packs a static binary as an OCI image in a tar, as
// "ctr images import" reads it. Equal input gives equal bytes.
package image
