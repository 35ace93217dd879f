// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package node runs the cluster's one node, control plane and all, inside
// namespaces of its own: network, mounts, processes, IPC, host name, cgroups.
//
//	Start ── clone ──> Inner, process 1 of the namespaces
//	  │                  mounts and network, certificates, components
//	  │ <── stages ────  "node ready", "pods can be made", ...
//	returns              supervises and reaps until it is killed
//
// Everything ends with process 1: Stop kills it, and removes what outlives a
// namespace, which is cgroups and the folder of state. Command and Exec run
// programs inside. The folder of state says all there is to know about a run, so
// that a later process can find it, enter it, or clean up after it.
package node
