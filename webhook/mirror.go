// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"fmt"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
	"github.com/evenkeel-dev/evenkeel/webhook/topology"
)

// mirror is the percent that the annotation asks for; 0 where it cannot be read,
// of which the check "strategy" tells.
func (d *deployment) mirror() int {
	percent, err := route.ParseMirror(d.policy.Rollout.Mirror)
	if err != nil {
		return 0
	}
	return percent
}

// mirrorIsNew tells whether this write brings the annotation, or another value.
func (d *deployment) mirrorIsNew() bool {
	return d.old == nil || d.old.Annotations[policy.MirrorAnnotation] != d.incoming.Annotations[policy.MirrorAnnotation]
}

// takeMirrorOff is the line that lets a release go on without copies.
func (d *deployment) takeMirrorOff() string {
	return fmt.Sprintf(". Without it, the release is as it would be:\n  kubectl annotate deployment -n %s %s %s-", d.incoming.Namespace, d.incoming.Name, policy.MirrorAnnotation)
}

// mirrorInFlight lets a person stop the copies of a release in flight by taking
// the annotation off. Another value is for the next one.
func (d *deployment) mirrorInFlight(state rollout.State) rollout.State {
	switch asked := d.mirror(); {
	case !d.mirrorIsNew() || asked == state.Mirror:
	case d.incoming.Annotations[policy.MirrorAnnotation] == "":
		state.Mirror = 0
	default:
		d.warnings = append(d.warnings, fmt.Sprintf("evenkeel: annotation %s counts from the next release on; the one in flight has copies of %d%% of the requests", policy.MirrorAnnotation, state.Mirror))
	}
	return state
}

// notMirrored tells a person why there will be no copies.
func notMirrored(why string) string {
	return fmt.Sprintf("evenkeel: annotation %s cannot be followed: %s", policy.MirrorAnnotation, why)
}

// unmirrored says why what a Deployment's annotation asks for cannot be done, where
// this write brings it or a release starts by it; empty when it can. A strategy
// without routes has nothing to mirror: that is told, and harms nobody.
func (h *Handler) unmirrored(ctx context.Context, d *deployment, podLabels map[string]string, starts bool) string {
	percent, strategy := d.mirror(), d.policy.Rollout.Strategy
	switch {
	case percent == 0 || (!d.mirrorIsNew() && !starts):
		return ""
	case !topology.Divides(strategy):
		d.warnings = append(d.warnings, fmt.Sprintf("evenkeel: annotation %s is not followed: the strategy %s moves no traffic; write %s: canary", policy.MirrorAnnotation, strategy, policy.StrategyAnnotation))
		return ""
	default:
		return h.topology.Unmirrored(ctx, d.incoming, podLabels, d.policy.Rollout, percent)
	}
}
