// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package diagnosis says in a sentence what is wrong with the pods of a version,
// for whoever reads at night why a release went back.
//
//	the pods of a version -> Of -> container "app" of pod "demo-2-x" crashes (CrashLoopBackOff), ...
//
// It says what the kubelet and the scheduler say, and never what a container wrote
// itself: a termination message can be anything, secrets included.
package diagnosis
