// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package excerpt cuts texts that are longer than there is room for, so that a
// reader sees that something is left out. It imports nothing of the project.
package excerpt
