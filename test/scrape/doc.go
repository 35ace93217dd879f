// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package scrape asks Prometheus' own engine about series that a test writes down,
// as promtool's tests do: what an alert or a query makes of them is seen, not said.
package scrape
