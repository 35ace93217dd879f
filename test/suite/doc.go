// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command suite is what "make test" runs: every stage in its order, with its
// progress, and at the end why tests failed, and how many passed and failed. With arguments it
// runs those stages alone.
package main
