// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command pause is the sandbox's first process: it waits to be ended, and reaps
// what it inherits.
package main
