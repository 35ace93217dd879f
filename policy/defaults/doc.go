// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package defaults fills in what the API server of Kubernetes 1.37 fills in when
// an object is created, so that a manifest in a file is judged as the webhook
// judges it after admission. It is pure, and idempotent as the server is.
//
// A Deployment's template gets less than a Pod does: the server fills in a Pod's
// requests from limits, host ports, enableServiceLinks and HTTP protocols only
// when the pod itself is made, so none of them is filled in here.
package defaults
