// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"fmt"
	"slices"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// maxDots bounds the pods that are drawn one by one.
const maxDots = 40

// versionOf shows a version and its pods.
func versionOf(v rollout.Version, pods Pods) Version {
	out := Version{Name: v.ReplicaSet, Revision: v.Revision, Images: pods.Images}
	switch {
	case v.ReplicaSet == "":
		return out
	case pods.Total == 0:
		out.Pods = "no pods"
	case pods.Ready < 0:
		out.Pods = fmt.Sprintf("%d pods", pods.Total)
	default:
		out.Pods = countText(pods.Ready, pods.Total)
		out.Dots = dots(pods)
	}
	return out
}

// dots draws a pod each, the ready ones first.
func dots(pods Pods) []bool {
	if pods.Total <= 0 || pods.Total > maxDots {
		return nil
	}
	return append(slices.Repeat([]bool{true}, int(min(pods.Ready, pods.Total))), make([]bool, max(0, pods.Total-pods.Ready))...)
}

// countText counts ready pods, of which there are more than were asked for while
// both versions run.
func countText(ready, of int32) string {
	if ready > of {
		return fmt.Sprintf("%d ready, %d asked for", ready, of)
	}
	return fmt.Sprintf("%d of %d ready", ready, of)
}

// Share is how much the new version has, in percent, and of what.
type Share struct {
	Stable, Canary int
	// Of is "traffic" where routes or Services divide it, else "pods".
	Of string
	// Mirror is the percent of the requests of which the new version gets copies,
	// Match the group of requests that always goes to it; empty where it does not.
	Mirror int
	Match  string
	Known  bool
}

// shareOf gives the weight that was asked for, or where pods alone change their
// share.
func shareOf(s Seen) Share {
	state := s.State
	switch {
	case s.Frozen != "" || !state.InFlight():
		return Share{}
	case state.Divides():
		out := Share{Stable: 100 - state.Weight, Canary: state.Weight, Of: "traffic", Known: true}
		if target := state.Target(); target.Split {
			out.Mirror, out.Match = target.Mirror, target.Match
		}
		return out
	}
	weight, known := podShare(s)
	return Share{Stable: 100 - weight, Canary: weight, Of: "pods", Known: known}
}

// podShare is how many of the pods are new, in percent: of the ready ones, where
// those are known.
func podShare(s Seen) (int, bool) {
	stable, canary := s.Stable.Ready, s.Canary.Ready
	if stable < 0 || canary < 0 {
		stable, canary = s.Stable.Total, s.Canary.Total
	}
	if stable+canary <= 0 {
		return 0, false
	}
	return int(canary * 100 / (stable + canary)), true
}
