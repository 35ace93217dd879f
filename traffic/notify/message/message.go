// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package message

import (
	"strings"
	"time"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// Message is one thing that happened to a rollout.
type Message struct {
	// Moment is what happened, in one word.
	Moment policy.Moment
	// Kind, Namespace and Name are the workload's.
	Kind, Namespace, Name string
	// Reason is that of the Event, such as RolloutStarted; Text is its sentence.
	Reason, Text string
	// Phase is where the rollout is now.
	Phase string
	// Warning tells that a person may want to look.
	Warning bool
	// Time is when it happened.
	Time time.Time
}

// MomentOf tells at which moment an Event is told; "" is none that people outside
// the cluster are told of.
func MomentOf(event rollout.Event) policy.Moment {
	switch event.Reason {
	case "RolloutStarted":
		return policy.Started
	case "RolloutRollingBack":
		return policy.RollingBack
	case "RolloutCompleted", "RolloutRolledBack":
		return policy.Ended
	case "RolloutFrozen":
		return policy.Waiting
	}
	switch event.Wait {
	case rollout.WaitPerson, rollout.WaitHeld, rollout.WaitOverdue, rollout.WaitRefused, rollout.WaitMissing:
		return policy.Waiting
	}
	if event.Wait != rollout.WaitNone && event.Warning {
		return policy.Waiting
	}
	return ""
}

// slackSpecial are the signs that mean something in a Slack message.
var slackSpecial = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// ForSlack gives the message with texts in which nothing means anything to Slack:
// what a cluster says can neither call a channel nor hide a link.
func (m Message) ForSlack() Message {
	for _, text := range []*string{&m.Kind, &m.Namespace, &m.Name, &m.Reason, &m.Text, &m.Phase} {
		*text = slackSpecial.Replace(*text)
	}
	return m
}
