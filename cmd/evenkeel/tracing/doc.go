// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package tracing sends spans to an OpenTelemetry collector, where the standard
// environment variables name one; without them nothing is traced and nothing runs.
package tracing
