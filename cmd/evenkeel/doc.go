// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command evenkeel is the manager: the admission webhook on every replica, and
// the traffic controller on the leader.
//
//	evenkeel manager [flags]
//	evenkeel version
package main
