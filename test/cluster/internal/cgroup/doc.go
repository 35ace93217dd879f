// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package cgroup keeps the node's cgroups: a tree for the kubelet in each of the
// machine's hierarchies. They are not part of any namespace's lifetime, so they
// are written down when the node starts and removed when it stops.
//
// With version 1 the node's tree lies below the cgroups of whoever starts it, one
// a controller. With version 2 a cgroup that has processes cannot hand controllers
// down, so the tree lies below the root. (Version 2 has not been run on a machine
// that has its controllers there; nothing else differs between the two.)
package cgroup
