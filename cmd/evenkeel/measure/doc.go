// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package measure registers every metric that the manager exposes, in one place,
// so that tests can hold the docs, the alerts and the dashboard of the chart
// against what there is.
package measure
