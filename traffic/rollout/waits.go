// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"cmp"
	"fmt"
	"strings"
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
	waitPlace         = "the Services and routes are as this stage has them again, and accepted"
	waitRendering     = "the admission webhook renders the Deployment's fields"
	waitUnknownStage  = "a version of Evenkeel that knows this stage"
)

// The reasons for going back that a rule gives.
const (
	reasonCanaryDeaf   = "no ready canary pod has the port that its traffic goes to"
	reasonCanaryGone   = "no canary pod is ready while traffic goes to them"
	reasonScaledToZero = "it was scaled to 0 replicas before the new version was proved"
	reasonSameTemplate = "the new template is the stable one"
)

func waitRefused(why string) string {
	return "pods can be made: " + why
}

func waitProblem(problem string) string {
	return "the routes can be read and divided again: " + problem
}

func waitDecision(wait string) string {
	return "a person decides (annotation evenkeel.dev/action: skip or rollback): no longer waiting until " + wait
}

func waitFailed(analysis string) string {
	return fmt.Sprintf("a person decides (annotation evenkeel.dev/action: skip or rollback): analysis %q failed more often than it may", analysis)
}

func waitUnclear(analysis string) string {
	return fmt.Sprintf("analysis %q can tell again whether the canary is well", analysis)
}

func waitEvidence(analysis string) string {
	return fmt.Sprintf("analysis %q passes in this step", analysis)
}

func waitOverdue(wait string, d Duration) string {
	return fmt.Sprintf("a person looks: for more than %s it waits until %s", ShortDuration(time.Duration(d)), wait)
}

func waitOthers(service string) string {
	return fmt.Sprintf("Service %q leads to this Deployment's pods alone: it also selects pods of another workload", service)
}

func waitLost(service string) string {
	return fmt.Sprintf("Service %q leads to stable's pods: it has no ready endpoint of them", service)
}

// waitPort names a targetPort that pods of a version, named as whose, do not have.
func waitPort(whose, service, port string) string {
	return fmt.Sprintf("%s pods have the port that Service %q leads to: its port %s finds none", whose, service, port)
}

func waitForeign(what string) string {
	return what + " is out of the way: it exists and is not Evenkeel's"
}

func waitTaken(service, by string) string {
	return fmt.Sprintf("Service %q is free: the rollout of %s has it", service, by)
}

func reasonFailed(a Analysis) string {
	return fmt.Sprintf("analysis %q failed %d times in a step, and may %d times: %s", a.Name, a.Failed, a.FailureLimit, a.Last.Says)
}

func deadlineReason(wait string, d Duration) string {
	return fmt.Sprintf("waited %s for this to happen: %s", ShortDuration(time.Duration(d)), wait)
}

// WithPods is a reason for going back, and what is wrong with the pods besides.
func WithPods(reason, wrong string) string {
	return cut(strings.TrimSuffix(reason, ".")+"; "+wrong, maxSentence)
}

func betweenReason(between string) string {
	return between + ", of an earlier rollout that is unfinished, has pods besides the stable ones"
}

// missing names the first object that a rollout needs and that is not there, that
// leads elsewhere by now, or that stands where Evenkeel's own is to be.
func (s Snapshot) missing() string {
	for _, service := range s.Services {
		if !service.Exists {
			return fmt.Sprintf("Service %q exists", service.Name)
		}
		if service.Foreign != "" {
			return waitForeign(service.Foreign)
		}
	}
	for _, route := range s.Routes {
		switch {
		case !route.Exists:
			return route.Name + " exists"
		case route.Astray != "":
			return fmt.Sprintf("%s leads to %s again", route.Name, route.Astray)
		}
		if route.Foreign != "" {
			return waitForeign(route.Foreign)
		}
	}
	return ""
}

// occupied names the first Service that another workload's rollout has.
func (s Snapshot) occupied() string {
	for _, service := range s.Services {
		if service.By != "" {
			return waitTaken(service.Name, service.By)
		}
	}
	return ""
}

// leaves tells whether a Service is another's, of which this rollout wants nothing
// any more.
func (s Snapshot) leaves(service Service) bool {
	return service.By != "" && (s.State.Phase == RollingBack || s.State.Target().Select == "")
}

// notInPlace says which wait is due because an object is not yet as the stage
// promises. What is gone holds nothing, so it is in place.
func (s Snapshot) notInPlace() string {
	for _, service := range s.Services {
		if (service.Exists && !service.InPlace && !s.leaves(service)) || !service.CanaryInPlace {
			return stageWaits[s.State.Stage]
		}
	}
	for _, route := range s.Routes {
		if route.Exists && (!route.InPlace || !route.Accepted) {
			return cmp.Or(s.problem(), stageWaits[s.State.Stage])
		}
	}
	return ""
}

// problem says why a route cannot be divided, or given back, as it is. The way back
// waits for it, too: what the route does with the canary nobody knows.
func (s Snapshot) problem() string {
	for _, route := range s.Routes {
		if route.Exists && route.Problem != "" {
			return waitProblem(route.Problem)
		}
	}
	return ""
}

// deaf says that ready pods of the canary do not have a port that its traffic goes to.
func (s Snapshot) deaf() string {
	for _, service := range s.Services {
		if service.Backend && service.CanaryLacks != "" {
			return waitPort("the canary's", service.Name, service.CanaryLacks)
		}
	}
	return ""
}

// lost names the first Service that routes lead to and that leads to no ready pod of
// stable, which has some and carries traffic: somebody changed it.
func (s Snapshot) lost() string {
	if !s.State.Divides() || s.State.Weight >= 100 || s.Stable.Ready == 0 {
		return ""
	}
	for _, service := range s.Services {
		switch {
		case !service.Backend || !service.Exists || service.Stable > 0:
		case service.Lacks != "":
			return waitPort("stable's", service.Name, service.Lacks)
		default:
			return waitLost(service.Name)
		}
	}
	return ""
}

// misplaced says that an object is no longer as the stage promises, where it has
// been before. A canary's Service that was changed has to get its endpoints, too.
func (s Snapshot) misplaced(now time.Time) string {
	if _, left := s.canaryServes(now); s.notInPlace() == "" && left <= 0 {
		return ""
	}
	return cmp.Or(s.problem(), waitPlace)
}

// trouble waits for the first of what went wrong in the midst of a wait that has
// no deadline of its own: from when it was seen first it has one, and until it is
// over the other wait stands still.
func (s Snapshot) trouble(now time.Time, waits ...string) (outcome, bool) {
	state, wait := s.State, cmp.Or(waits...)
	switch {
	case wait != "" && !state.Seen.IsZero():
		return outcome{wait: wait, from: state.Seen}, true
	case wait != "":
		state.Seen = stamp(now)
		decision := waitFor(state, wait)
		return outcome{next: &decision.State, event: decision.Event}, true
	case state.Seen.IsZero():
		return outcome{}, false
	}
	state.Since, state.Seen = stamp(state.Since.Add(now.Sub(state.Seen))), time.Time{}
	if state.Wait != waitPerson && state.Wait != s.Closed.Why { // or what nobody was told about would tell them anew
		state.Wait = stageWaits[state.Stage]
	}
	return outcome{next: &state}, true
}

// unrendered says that the Deployment's fields are not those that the state asks for:
// the stock controller goes by others, and admission was not asked.
func (s Snapshot) unrendered() string {
	if s.Rendered {
		return ""
	}
	return waitRendering
}

func (s Snapshot) renderWait() string {
	return cmp.Or(s.unrendered(), stageWaits[s.State.Stage])
}
