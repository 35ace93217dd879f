// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// ID names a workload.
type ID struct{ Kind, Namespace, Name string }

// At is the workload of a kind that a request is about.
func At(kind string, key types.NamespacedName) ID { return ID{kind, key.Namespace, key.Name} }

// seat is what is known of one rollout in flight.
type seat struct {
	since time.Time
	// has tells that it has a place, asks that it wants one and could use it.
	has, asks bool
	// forced tells that an emergency gave it the place.
	forced bool
}

// seating gives the free places to those that ask, the oldest first, and tells
// each of the others what it waits for. Nobody waits for one that is younger, nor
// for one that could not use a place.
func seating(seats map[ID]seat, budget policy.Budget) (given []ID, waits map[ID]string) {
	all, in, asking := 0, map[string]int{}, []ID{}
	for id, s := range seats {
		switch {
		case s.has:
			all++
			in[id.Namespace]++
		case s.asks:
			asking = append(asking, id)
		}
	}
	slices.SortFunc(asking, func(a, b ID) int { return cmp.Or(seats[a].since.Compare(seats[b].since), a.compare(b)) })
	waits = map[ID]string{}
	for _, id := range asking {
		switch {
		case budget.Cluster > 0 && all >= budget.Cluster:
			waits[id] = waitCluster(budget.Cluster)
		case budget.Namespace > 0 && in[id.Namespace] >= budget.Namespace:
			waits[id] = waitNamespace(budget.Namespace, id.Namespace)
		default:
			given = append(given, id)
			all++
			in[id.Namespace]++
		}
	}
	return given, waits
}

func (i ID) compare(other ID) int {
	return cmp.Or(cmp.Compare(i.Namespace, other.Namespace), cmp.Compare(i.Name, other.Name), cmp.Compare(i.Kind, other.Kind))
}

func waitCluster(most int) string {
	return fmt.Sprintf("a place for releases in the cluster is free (budget.cluster: %d)", most)
}

func waitNamespace(most int, namespace string) string {
	return fmt.Sprintf("a place for releases in namespace %q is free (budget.namespace: %d)", namespace, most)
}
