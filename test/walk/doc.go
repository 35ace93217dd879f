// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package walk reads a page of the docs as a person does who types what it says:
// the lines behind a "$" of its indented blocks, each with the answer that the
// page shows below it.
package walk
