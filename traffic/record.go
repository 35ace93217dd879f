// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/traffic/notify/message"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// recorder tells the story of a rollout on its workload, and outside the cluster.
type recorder struct {
	events  events.EventRecorder
	outside func(message.Message) // nil tells nobody
	now     func() time.Time
}

// frozen is the place of a rollout whose state cannot be read.
const frozen rollout.Phase = "Frozen"

// frozen tells that a rollout stands still, and what to type.
func (r recorder) frozen(object client.Object, why error) {
	r.tell(object, &rollout.Event{Reason: "RolloutFrozen", Warning: true, Message: fmt.Sprintf(
		"%v; traffic and pods stay as they are. To go back to stable: kubectl annotate %s -n %s %s %s=%s",
		why, strings.ToLower(kindOf(object)), object.GetNamespace(), object.GetName(), rollout.ActionAnnotation, rollout.ActionRollback)}, frozen)
}

// blocked tells the owner of a route that is divided by hand what is in the way.
func (r recorder) blocked(object client.Object, by string) {
	r.tell(object, &rollout.Event{Reason: "RouteBlocked", Warning: true, Message: by + " exists and is not Evenkeel's, and what stands beside this route would have its name: rename or delete it"}, "Divide")
}

// tell tells what a decision has to tell, once it is done.
func (r recorder) tell(object client.Object, event *rollout.Event, phase rollout.Phase) {
	if event == nil {
		return
	}
	kind := corev1.EventTypeNormal
	if event.Warning {
		kind = corev1.EventTypeWarning
	}
	r.events.Eventf(object, nil, kind, event.Reason, string(phase), "%s", event.Message)
	if moment := message.MomentOf(*event); moment != "" && r.outside != nil {
		r.outside(message.Message{
			Moment: moment, Kind: kindOf(object), Namespace: object.GetNamespace(), Name: object.GetName(),
			Reason: event.Reason, Text: event.Message, Phase: string(phase), Warning: event.Warning, Time: r.now(),
		})
	}
}
