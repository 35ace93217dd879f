// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"time"
)

// stageWaits is what each stage waits for when all goes well.
var stageWaits = map[Stage]string{
	StagePrepare:  "the Services select stable's pods alone, and the data plane follows",
	StageRoll:     "the rolling update is finished",
	StageScale:    "the canary's pods are ready",
	StageShift:    "the routes are accepted with the new weight",
	StageDwell:    "the step's time is over",
	StageService:  "the Services select the canary's pods alone, and the data plane follows",
	StageRoute:    "the routes are accepted without a split",
	StageDrain:    "the scale-down delay is over",
	StageRelease:  "the old pods are gone",
	StageMix:      "the Services select the pods of both versions, and the data plane follows",
	StageReopen:   "the routes are accepted with the canary's own Service, and the data plane follows",
	StageReturn:   "the Services select stable's pods again, and the data plane follows",
	StageWithdraw: "the routes are accepted without the canary, and the data plane follows",
	StageRestore:  "the canary's pods are gone",
	StageWiden:    "the Services select what their owners wrote",
}

// The waits that are not part of a smooth rollout.
const (
	waitHeld          = "a person holds the rollout (kubectl rollout resume goes on)"
	waitPerson        = "a person says so (annotation evenkeel.dev/action: continue, skip or rollback)"
	waitStable        = "stable has all its pods ready"
	waitCanaryCarries = "the canary has all its pods ready"
	waitRendering     = "the admission webhook renders the Deployment's fields"
	waitUnknownStage  = "a version of Evenkeel that knows this stage"
)

// The reasons for going back that a rule gives.
const (
	reasonCanaryGone   = "no canary pod is ready while traffic goes to them"
	reasonScaledToZero = "it was scaled to 0 replicas before the new version was proved"
	reasonSameTemplate = "the new template is the stable one"
)

func waitRefused(why string) string {
	return "pods can be made: " + why
}

func waitDecision(wait string) string {
	return "a person decides (annotation evenkeel.dev/action: skip or rollback): no longer waiting until " + wait
}

func waitOthers(service string) string {
	return fmt.Sprintf("Service %q leads to this Deployment's pods alone: it also selects pods of another workload", service)
}

func deadlineReason(wait string, d Duration) string {
	return fmt.Sprintf("waited %s for this to happen: %s", shortDuration(time.Duration(d)), wait)
}

// missing names the first object that a rollout needs and that is not there.
func (s Snapshot) missing() string {
	for _, service := range s.Services {
		if !service.Exists {
			return fmt.Sprintf("Service %q exists", service.Name)
		}
	}
	for _, route := range s.Routes {
		if !route.Exists {
			return route.Name + " exists"
		}
	}
	return ""
}

// notInPlace says which wait is due because an object is not yet as the stage
// promises. What is gone holds nothing, so it is in place.
func (s Snapshot) notInPlace() string {
	for _, service := range s.Services {
		if (service.Exists && !service.InPlace) || !service.CanaryInPlace {
			return stageWaits[s.State.Stage]
		}
	}
	for _, route := range s.Routes {
		if route.Exists && (!route.InPlace || !route.Accepted) {
			return stageWaits[s.State.Stage]
		}
	}
	return ""
}

func (s Snapshot) renderWait() string {
	if !s.Rendered {
		return waitRendering
	}
	return stageWaits[s.State.Stage]
}
