// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command table turns the output of the benchmarks, read from its input, into
// Markdown tables with the ratios that count.
package main
