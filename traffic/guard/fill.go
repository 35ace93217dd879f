// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// Of is what the rails look at of a Deployment's rollout.
func Of(s rollout.State) Flight {
	return Flight{Phase: s.Phase, Since: s.Since, Held: s.Held, Closed: s.Closed, Rolling: s.Strategy == rollout.Rolling}
}

// OfBatches is what the rails look at of a StatefulSet's or DaemonSet's.
func OfBatches(s batch.State) Flight {
	return Flight{Phase: s.Phase, Since: s.Since, Held: s.Held, Closed: s.Closed}
}

// kinds are the workloads that are released.
var kinds = map[string]func() client.ObjectList{
	"Deployment":  func() client.ObjectList { return &appsv1.DeploymentList{} },
	"StatefulSet": func() client.ObjectList { return &appsv1.StatefulSetList{} },
	"DaemonSet":   func() client.ObjectList { return &appsv1.DaemonSetList{} },
}

// fill reads once who is in flight, before the first place is given away. Those
// whose gate is shut ask, until they are looked at themselves.
func (r *Rails) fill(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.filled {
		return nil
	}
	found := map[ID]seat{}
	for kind, list := range kinds {
		objects := list()
		if err := r.reader.List(ctx, objects, client.HasLabels{rollout.InFlightLabel}, client.UnsafeDisableDeepCopy); err != nil {
			return fmt.Errorf("cannot list %ss in flight: %w", kind, err)
		}
		_ = meta.EachListItem(objects, func(item runtime.Object) error {
			object, _ := item.(client.Object)
			flight := flightOf(kind, object)
			if flight.Phase.InFlight() && !flight.Rolling && object.GetDeletionTimestamp() == nil {
				shut := flight.Phase == rollout.Preparing
				found[ID{kind, object.GetNamespace(), object.GetName()}] = seat{since: flight.Since, has: !shut, asks: shut && !flight.Held}
			}
			return nil
		})
	}
	r.seats, r.filled = found, true
	return nil
}

// flightOf reads a workload's state; one that cannot be read stands still, and
// holds no place.
func flightOf(kind string, object client.Object) Flight {
	text := object.GetAnnotations()[rollout.StateAnnotation]
	if kind == "Deployment" {
		state, err := rollout.ParseState(text)
		if err != nil {
			return Flight{}
		}
		return Of(state)
	}
	state, err := batch.ParseState(text)
	if err != nil {
		return Flight{}
	}
	return OfBatches(state)
}
