// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package provider asks whoever knows whether a canary is well: a server that
// speaks Prometheus' HTTP API, a service of somebody's own, or the API server for
// pods. Each is one file behind the interface Provider.
//
// Answers are bounded in size and time, a redirect never leaves its host, and
// what a Secret holds is in no error and no log.
package provider
