// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// recorder tells the story of a rollout on its Deployment.
type recorder struct{ events events.EventRecorder }

// frozen tells that a rollout stands still, and what to type.
func (r recorder) frozen(d *appsv1.Deployment, why error) {
	r.events.Eventf(d, nil, corev1.EventTypeWarning, "RolloutFrozen", "Frozen", "%v; traffic and pods stay as they are. To go back to stable: kubectl annotate deployment -n %s %s %s=%s",
		why, d.Namespace, d.Name, rollout.ActionAnnotation, rollout.ActionRollback)
}

// decision tells what a decision has to tell, once its state is written.
func (r recorder) decision(d *appsv1.Deployment, decision rollout.Decision) {
	event := decision.Event
	if event == nil {
		return
	}
	kind := corev1.EventTypeNormal
	if event.Warning {
		kind = corev1.EventTypeWarning
	}
	r.events.Eventf(d, nil, kind, event.Reason, string(decision.State.Phase), "%s", event.Message)
}
