// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package chart tests charts/evenkeel: what Helm renders of it, judged by the
// API server's own code (pod security, match conditions), and, where there is a
// cluster (EVENKEEL_CLUSTER), what becomes of it there.
//
// The program helm is taken from HELM, or from the PATH.
package chart
