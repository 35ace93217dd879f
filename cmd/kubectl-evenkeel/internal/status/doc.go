// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package status writes what is in flight as a table, or for programs.
package status
