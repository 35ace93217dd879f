// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package live reads the pods of a version, for a diagnosis or a measurement. The
// managers' cache knows of pods only whether they are ready, so this asks the API
// server: once where a release turns back, for a page that somebody looks at, and for
// each analysis of pods.
package live
