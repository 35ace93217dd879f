// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package doctor looks whether Evenkeel is well in a cluster: one line for each
// thing that must hold, and where it does not, the line that mends it. Each check
// is a file's function; checks.go lists them in the order in which they are read.
package doctor
