// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// A policy may bound the hosts that a match makes a route for.
func TestStrangeHosts(t *testing.T) {
	refused := func(host, are string) string {
		return `annotation evenkeel.dev/match: host "` + host + `" is none that policy rule shop lets a release have, which are ` + are + "; write one of those, or ask whoever keeps the policy to add it to rollout.matchHosts"
	}
	preview := []string{"*.preview.example.com", "next.example.com"}
	const are = "*.preview.example.com, next.example.com"
	for name, row := range map[string]struct {
		match string
		lets  []string
		want  string
	}{
		"no list":                  {"host:bank.example.com", nil, ""},
		"no host":                  {"header:x=y;cookie:gray=always", []string{}, ""},
		"below a domain":           {"host:shop.preview.example.com", preview, ""},
		"deeper":                   {"host:a.shop.preview.example.com", preview, ""},
		"all that is below":        {"host:*.shop.preview.example.com", preview, ""},
		"the same with a star":     {"host:*.preview.example.com", preview, ""},
		"by its name":              {"header:x=y;host:next.example.com", preview, ""},
		"the domain itself":        {"host:preview.example.com", preview, refused("preview.example.com", are)},
		"one that ends like it":    {"host:evil-preview.example.com", preview, refused("evil-preview.example.com", are)},
		"another":                  {"host:bank.example.com", preview, refused("bank.example.com", are)},
		"the second of two":        {"host:next.example.com;host:bank.example.com", preview, refused("bank.example.com", are)},
		"below one without a star": {"host:a.next.example.com", preview, refused("a.next.example.com", are)},
		"more than a domain has":   {"host:*.example.com", preview, refused("*.example.com", are)},
		"none":                     {"host:next.example.com", []string{}, refused("next.example.com", "none at all")},
		"a match that is not read": {"host:", preview, ""},
	} {
		assert.Equal(t, row.want, Policy{Rule: "shop", Rollout: Rollout{Match: row.match, MatchHosts: row.lets}}.StrangeHosts(), name)
	}
}
