// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command scale measures Evenkeel with many Deployments on nodes that KWOK plays:
// what the managers take at rest, how far many canaries at once are from their
// own waits, and how soon a route follows a weight that was decided.
//
//	scale -deployments 200 -canaries 20 -steps 20%:5s,50%:5s,100%
//
// It runs where the cluster is (make bench-scale), shows what it does, and writes
// one Markdown table. The gateway is this program: it accepts each generation of
// a route at once, so that no data plane's own time is measured.
package main
