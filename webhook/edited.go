// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"fmt"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// edited tells whether somebody sends another value of one of Evenkeel's own
// annotations than the live object has. Who leaves it out, as those who apply what
// they wrote, says nothing about it.
func edited(key string, live, incoming map[string]string) bool {
	sent, there := incoming[key]
	return there && sent != live[key]
}

// putBack warns whoever edited a state: of a workload, or of what its traffic goes by.
func putBack(key string) []string {
	instead := "speak to the release by " + rollout.ActionAnnotation + " (continue, skip, rollback, retry)"
	if key == route.SplitAnnotation {
		instead = "its release writes it, or " + route.CanaryWeightAnnotation + " of a pair by hand"
	}
	return []string{fmt.Sprintf("evenkeel: annotation %s is Evenkeel's alone, so what was written there is put back; %s", key, instead)}
}

// editedState tells whoever edited the state of a Deployment. kubectl rollout undo
// brings the annotations of the revision that it goes back to, and edits nothing.
func (h *Handler) editedState(ctx context.Context, d *deployment) []string {
	if d.old == nil || !edited(rollout.StateAnnotation, d.old.Annotations, d.incoming.Annotations) || h.topology.Carried(ctx, d.old, d.incoming.Annotations[rollout.StateAnnotation]) {
		return nil
	}
	return putBack(rollout.StateAnnotation)
}

// editedSplit tells whoever edited the split of a route or Service.
func (n neighbour) editedSplit(self bool) []string {
	sent := annotation(n.tree, route.SplitAnnotation)
	if self || len(n.old) == 0 || sent == "" || sent == n.before {
		return nil
	}
	return putBack(route.SplitAnnotation)
}
