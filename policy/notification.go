// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import "slices"

// Moment is a point of a rollout at which people may want to be told.
type Moment string

// The moments.
const (
	Started     Moment = "started"     // a release has begun
	Waiting     Moment = "waiting"     // somebody has to say how it goes on
	RollingBack Moment = "rollingBack" // it goes back
	Ended       Moment = "ended"       // it is over, completed or rolled back
)

// Moments lists the moments.
func Moments() []Moment { return []Moment{Started, Waiting, RollingBack, Ended} }

// Notification says where rollouts are told of, and which of them.
type Notification struct {
	Name string
	// When lists the moments that are told; empty tells all.
	When []Moment
	// Match selects by namespaces alone.
	Match Match
	// Slack is where the URL of a Slack-compatible webhook stands; nil: HTTP is asked.
	Slack *SecretKey
	HTTP  *HTTPTarget
	// Template is the text's; empty is the built-in one.
	Template string
}

// HTTPTarget is asked by a POST of a CloudEvent.
type HTTPTarget struct {
	// URL is the address; empty where URLFrom has it.
	URL     string
	URLFrom *SecretKey
	// HeadersFrom are headers whose values are secret, by their names.
	HeadersFrom map[string]SecretKey
}

// SecretKey names a key of a Secret in Evenkeel's own namespace.
type SecretKey struct{ Secret, Key string }

// Wants tells whether a moment of a rollout in a namespace is to be told there.
func (n Notification) Wants(moment Moment, namespace string) bool {
	return (len(n.When) == 0 || slices.Contains(n.When, moment)) && n.Match.InNamespace(namespace, nil)
}
