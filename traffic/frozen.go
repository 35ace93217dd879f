// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/traffic/guard"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// ice remembers which rollouts stand frozen, and why, for as long as this manager
// leads: a workload is looked at with each of its pods, and its people are told once.
type ice struct{ told sync.Map }

// frost is what was told of one workload.
type frost struct {
	uid types.UID
	why string
}

// news tells whether nobody was told of this cause yet, and remembers it.
func (i *ice) news(id guard.ID, object client.Object, why error) bool {
	now := frost{object.GetUID(), why.Error()}
	before, _ := i.told.Swap(id, now)
	return before != now
}

func (i *ice) melt(id guard.ID) { i.told.Delete(id) }

// freeze leaves a rollout whose state cannot be read as it is, off its place in the
// budget, and tells of it where the cause is new.
func (r *Reconciler) freeze(id guard.ID, counted types.NamespacedName, object client.Object, why error) {
	r.guard.Left(id)
	r.counts.saw(counted, rollout.State{})
	r.measured(counted, rollout.State{})
	if r.ice.news(id, object, why) {
		r.record.frozen(object, why)
	}
}

// left forgets what is kept in memory of a rollout that is over or gone.
func (r *Reconciler) left(id guard.ID) {
	r.guard.Left(id)
	r.ice.melt(id)
}
