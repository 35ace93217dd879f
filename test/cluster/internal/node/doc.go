// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package node runs the cluster's one node, control plane and all, inside
// namespaces of its own: network, mounts, processes, IPC, host name, cgroups.
//
// Start begins the namespaces and leaves a first process in them (Inner), which
// sets up mounts and network, starts the components and reaps. Everything ends
// with that process. Command runs a program inside.
package node
