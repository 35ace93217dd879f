// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package load sends requests from several clients and counts the answers by
// version: half of the clients open a connection for each request, half keep
// theirs alive.
package load
