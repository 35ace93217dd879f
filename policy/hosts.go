// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// StrangeHosts says which host of a Deployment's match the policy does not let a
// release have, and what to do; empty where it lets it have all. A match that cannot
// be read is told of elsewhere.
func (p Policy) StrangeHosts() string {
	match, err := route.ParseMatch(p.Rollout.Match)
	if err != nil || p.Rollout.MatchHosts == nil {
		return ""
	}
	hosts, _ := match.Hosts()
	for _, host := range hosts {
		if !slices.ContainsFunc(p.Rollout.MatchHosts, func(pattern string) bool { return lets(pattern, host) }) {
			return fmt.Sprintf("annotation %s: host %q is none that policy rule %s lets a release have, which are %s; write one of those, or ask whoever keeps the policy to add it to rollout.matchHosts",
				MatchAnnotation, host, p.Rule, patterns(p.Rollout.MatchHosts))
		}
	}
	return ""
}

// lets tells whether a pattern, a host or "*." and a domain, has a host; "*." has all
// that is below the domain, at any depth.
func lets(pattern, host string) bool {
	if below, all := strings.CutPrefix(pattern, "*"); all {
		return strings.HasSuffix(host, below)
	}
	return host == pattern
}

func patterns(all []string) string {
	if len(all) == 0 {
		return "none at all"
	}
	return strings.Join(all, ", ")
}
