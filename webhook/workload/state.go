// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"fmt"
	"strings"
	"time"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
	"github.com/evenkeel-dev/evenkeel/webhook/review"
)

// StateChanges keep the annotation of a state and the label of what is in flight
// together; no text takes both off.
func StateChanges(text string, inFlight bool) []policy.Change {
	changes := []policy.Change{
		{Path: review.AnnotationPath(rollout.StateAnnotation), Value: OrNil(text)}, {Path: review.LabelPath(rollout.InFlightLabel)},
	}
	if inFlight {
		changes[1].Value = "true"
	}
	return changes
}

// OrNil is a text as the value of a change: none takes off what is there.
func OrNil(text string) any {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	return text
}

// Edited tells whether somebody sends another value of one of Evenkeel's own
// annotations than the live object has. Who leaves it out, as those who apply what
// they wrote, says nothing about it.
func Edited(key string, live, incoming map[string]string) bool {
	sent, there := incoming[key]
	return there && sent != live[key]
}

// PutBack warns whoever edited a state: of a workload, or of what its traffic goes by.
func PutBack(key string) []string {
	instead := "speak to the release by " + rollout.ActionAnnotation + " (continue, skip, rollback, retry)"
	if key == route.SplitAnnotation {
		instead = "its release writes it, or " + route.CanaryWeightAnnotation + " of a pair by hand"
	}
	return []string{fmt.Sprintf("evenkeel: annotation %s is Evenkeel's alone, so what was written there is put back; %s", key, instead)}
}

// Timing freezes the waits of a rollout. No step may take longer than the
// Deployment's own progress deadline.
func Timing(p policy.Rollout, user rollout.Knobs) rollout.Timing {
	deadline := p.StepDeadline
	if seconds := user.ProgressDeadlineSeconds; seconds != nil {
		deadline = min(deadline, time.Duration(*seconds)*time.Second)
	}
	return rollout.Timing{
		Settle: rollout.Duration(p.Settle), ScaleDownDelay: rollout.Duration(p.ScaleDownDelay), StepDeadline: rollout.Duration(deadline),
		MinStep: rollout.Duration(p.MinStep),
	}
}
