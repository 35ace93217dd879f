// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"fmt"
	"strings"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
	"github.com/evenkeel-dev/evenkeel/webhook/workload"
)

// starts tells what a release that starts will do.
func starts(s rollout.State) []string {
	how := "its pods change step by step"
	switch {
	case s.Strategy == rollout.Rolling:
		how = fmt.Sprintf("when it does not get on, %s comes back", s.Stable.ReplicaSet)
		if s.OnFailure == rollout.OnFailureHold {
			how = "when it does not get on, a person decides"
		}
	case len(s.Routes) > 0:
		how = "traffic moves by " + wordsOf(s.Routes)
	case len(s.Services) > 0:
		how = fmt.Sprintf("%s leads to the new pods at the end, %s before", workload.Quoted("Service", s.Services), workload.Quoted("Service", canaries(s.Services)))
	case s.Strategy == rollout.BlueGreen:
		how = "its pods come beside the old ones, which go at the end"
	}
	if len(s.Services) > 0 && s.Capacity != rollout.Replace {
		how = fmt.Sprintf("%s stays whole, %s", s.Stable.ReplicaSet, how)
	}
	if s.Held {
		how += "; it waits for kubectl rollout resume"
	}
	return []string{fmt.Sprintf("evenkeel: %s starts; %s; kubectl rollout status waits for the end", s.Words(), how)}
}

// wordsOf names routes for a person.
func wordsOf(refs []string) string {
	words := make([]string, len(refs))
	for i, text := range refs {
		words[i] = text
		if ref, err := route.ParseRef(text); err == nil {
			words[i] = ref.Words()
		}
	}
	return strings.Join(words, ", ")
}

// canaries names the Services that lead to the new pods.
func canaries(services []string) []string {
	names := make([]string, len(services))
	for i, name := range services {
		names[i] = name + route.CanarySuffix
	}
	return names
}

// hold takes kubectl rollout pause and resume, and notes who said so.
func (d *deployment) hold(state rollout.State) rollout.State {
	next := rollout.Hold(state, d.incoming.Spec.Paused, d.now)
	switch {
	case next.Held && !state.Held:
		return next.Say(d.requester, rollout.WordPause, d.now)
	case state.Held && !next.Held:
		return next.Say(d.requester, rollout.WordResume, d.now)
	default:
		return next
	}
}

// uncounted tells of analyses that count a route's requests where no route is
// divided: they would say nothing until the step's deadline.
func (d *deployment) uncounted(s rollout.State) []string {
	if len(s.Routes) > 0 {
		return nil
	}
	return workload.Uncounted(d.policy, s.Analyses)
}
