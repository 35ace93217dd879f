// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// wake tells a kind's controller whom to look at.
type wake = chan event.GenericEvent

// waking bounds the places that come free before a controller listens; who is not
// woken looks again by itself.
const waking = 1024

func wakes() map[string]wake {
	all := map[string]wake{}
	for kind := range kinds {
		all[kind] = make(wake, waking)
	}
	return all
}

// Woken is what the controller of a kind watches: rollouts that have waited for a
// place, and may have one now. It is nil where nothing closes a way.
func (r *Rails) Woken(kind string) source.Source {
	if r == nil {
		return nil
	}
	return source.Channel(r.woken[kind], &handler.EnqueueRequestForObject{})
}

// wakeNext has those looked at to whom the free places fall. It needs the lock.
func (r *Rails) wakeNext(budget policy.Budget) {
	given, _ := seating(r.seats, budget)
	for _, id := range given {
		object := &metav1.PartialObjectMetadata{}
		object.Namespace, object.Name = id.Namespace, id.Name
		select {
		case r.woken[id.Kind] <- event.GenericEvent{Object: object}:
		default:
		}
	}
}
