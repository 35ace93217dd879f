// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package route

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// SplitAnnotation holds the Split of a route, or the Narrow of a Service.
const SplitAnnotation = "evenkeel.dev/split"

// maxAnnotation bounds what Parse reads, in bytes.
const maxAnnotation = 64 << 10

// Share is one Service's division between stable and canary.
type Share struct {
	// Deployment is the owner of the rollout, in the route's namespace.
	Deployment string `json:"deployment"`
	// Service is the backend that is divided, Canary the one that gets Weight
	// percent (0 to 100) of what Service had.
	Service string `json:"service"`
	Canary  string `json:"canary"`
	Weight  int    `json:"weight"`
	// Match is the group of requests that Canary always gets, see ParseMatch.
	Match string `json:"match,omitempty"`
	// Mirror is the percent (0 to 100) of Service's requests of which Canary gets
	// copies besides; nobody sees what it answers to those.
	Mirror int `json:"mirror,omitempty"`
}

// OwnedName is the name of an object beside a route that leads to a share's
// canary. Two routes, or two Services of one route, never get the same.
func (s Share) OwnedName(route string) string {
	if route == s.Service {
		return s.Canary
	}
	return route + "-" + s.Canary
}

// Split is what a route in flight carries.
type Split struct {
	// Namespace is the route's own: a backend may name it or leave it out.
	Namespace string `json:"namespace,omitempty"`
	// Shares are sorted by Service; each Service stands in one of them.
	Shares []Share `json:"shares"`
	// Unset lists the backends whose weight the user left out, as
	// "rule/backend" counted from 0 in the user's own rules.
	Unset []string `json:"unset,omitempty"`
	// Own holds what stood in the user's own route where a rendering replaced
	// it, by a place that the renderer knows.
	Own map[string]string `json:"own,omitempty"`
}

// Parse reads a split annotation; an empty text is the empty Split.
func Parse(text string) (Split, error) {
	var s Split
	if text == "" {
		return s, nil
	}
	if len(text) > maxAnnotation {
		return s, fmt.Errorf("cannot read annotation %s: %d bytes are more than %d", SplitAnnotation, len(text), maxAnnotation)
	}
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return Split{}, fmt.Errorf("cannot read annotation %s: %w", SplitAnnotation, err)
	}
	for _, share := range s.Shares {
		if share.Weight < 0 || share.Weight > 100 || share.Mirror < 0 || share.Mirror > 100 || share.Service == "" || share.Canary == "" || share.Service == share.Canary {
			return Split{}, fmt.Errorf("cannot read annotation %s: the share of Service %q is not usable", SplitAnnotation, share.Service)
		}
		if _, err := ParseMatch(share.Match); err != nil {
			return Split{}, fmt.Errorf("cannot read annotation %s: %w", SplitAnnotation, err)
		}
	}
	return s, nil
}

// String writes the split as Parse reads it; the empty Split is the empty text.
func (s Split) String() string {
	if len(s.Shares) == 0 {
		return ""
	}
	text, err := json.Marshal(s)
	if err != nil { // cannot happen: every field is a plain value
		return ""
	}
	return string(text)
}

// With gives a split in which the Service of share is divided as share says.
func (s Split) With(share Share) Split {
	out := s.without(func(other Share) bool { return other.Service == share.Service })
	out.Shares = append(out.Shares, share)
	slices.SortFunc(out.Shares, func(a, b Share) int { return strings.Compare(a.Service, b.Service) })
	return out
}

// WithoutDeployment gives a split in which no Service of a Deployment is divided.
func (s Split) WithoutDeployment(deployment string) Split {
	return s.without(func(other Share) bool { return other.Deployment == deployment })
}

// OfDeployment gives a split with the shares of one Deployment alone; those that a
// route's owner asks for by hand belong to the empty name.
func (s Split) OfDeployment(deployment string) Split {
	return s.without(func(other Share) bool { return other.Deployment != deployment })
}

func (s Split) without(drop func(Share) bool) Split {
	out := Split{Namespace: s.Namespace, Unset: slices.Clone(s.Unset), Own: maps.Clone(s.Own)}
	for _, share := range s.Shares {
		if !drop(share) {
			out.Shares = append(out.Shares, share)
		}
	}
	return out
}

// Same tells whether both divide the same Services in the same way.
func (s Split) Same(other Split) bool { return slices.Equal(s.Shares, other.Shares) }

// Share finds the division of a Service.
func (s Split) Share(service string) (Share, bool) {
	for _, share := range s.Shares {
		if share.Service == service {
			return share, true
		}
	}
	return Share{}, false
}

// IsCanary tells whether a name is that of a canary's Service.
func (s Split) IsCanary(name string) bool {
	return slices.ContainsFunc(s.Shares, func(share Share) bool { return share.Canary == name })
}
