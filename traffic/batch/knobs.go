// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package batch

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// Knobs is the updateStrategy of a StatefulSet or of a DaemonSet, the one of them
// that is not nil. In flight it is rendered from the State; what the user wrote is
// kept in State.User.
type Knobs struct {
	StatefulSet *appsv1.StatefulSetUpdateStrategy `json:"statefulSet,omitempty"`
	DaemonSet   *appsv1.DaemonSetUpdateStrategy   `json:"daemonSet,omitempty"`
}

// Manageable says why a workload with these knobs, and this revisionHistoryLimit,
// cannot be changed in batches; nil where it can.
func Manageable(user Knobs, history *int32) error {
	if history != nil && *history == 0 {
		return fmt.Errorf("cannot change the pods in batches: revisionHistoryLimit 0 keeps no revision to go back to; write:\n  revisionHistoryLimit: 1")
	}
	onDelete := (user.StatefulSet != nil && user.StatefulSet.Type == appsv1.OnDeleteStatefulSetStrategyType) ||
		(user.DaemonSet != nil && user.DaemonSet.Type == appsv1.OnDeleteDaemonSetStrategyType)
	if onDelete {
		return fmt.Errorf("cannot change the pods in batches: updateStrategy OnDelete says that you delete the pods yourself; write:\n  updateStrategy: {type: RollingUpdate}")
	}
	return nil
}

// Note says what a user may not expect of the batches; empty where nothing.
func Note(user Knobs) string {
	if user.DaemonSet == nil || user.DaemonSet.RollingUpdate == nil {
		return ""
	}
	surge := user.DaemonSet.RollingUpdate.MaxSurge
	if surge == nil || surge.String() == "0" || surge.String() == "0%" {
		return ""
	}
	return fmt.Sprintf("maxSurge %s rests until the end: a batch of a DaemonSet deletes a node's pod before the new one starts, %s at a time", surge, user.most())
}

// Render gives the knobs that a workload in this state has; both are nil where
// nothing is rendered.
func Render(s State) Knobs {
	switch {
	case !s.InFlight() || s.User == nil:
		return Knobs{}
	case s.Stage == StageRelease || s.Stage == StageWiden:
		return s.User.copy()
	case s.Stage == StageRestore:
		return s.User.rolling()
	case s.User.DaemonSet != nil:
		knobs := s.User.copy()
		knobs.DaemonSet.Type = appsv1.OnDeleteDaemonSetStrategyType
		return knobs
	default:
		knobs := s.User.rolling()
		knobs.StatefulSet.RollingUpdate.Partition = ptr.To(s.partition())
		return knobs
	}
}

// ShownBy tells whether a workload shows these knobs; what they leave open, the API
// server fills in.
func (k Knobs) ShownBy(live Knobs) bool {
	if k.StatefulSet != nil && live.StatefulSet != nil {
		want, shown := ptr.Deref(k.StatefulSet.RollingUpdate, appsv1.RollingUpdateStatefulSetStrategy{}), ptr.Deref(live.StatefulSet.RollingUpdate, appsv1.RollingUpdateStatefulSetStrategy{})
		return k.StatefulSet.Type == live.StatefulSet.Type && ptr.Deref(want.Partition, 0) == ptr.Deref(shown.Partition, 0) && filled(want.MaxUnavailable, shown.MaxUnavailable)
	}
	if k.DaemonSet != nil && live.DaemonSet != nil {
		want, shown := ptr.Deref(k.DaemonSet.RollingUpdate, appsv1.RollingUpdateDaemonSet{}), ptr.Deref(live.DaemonSet.RollingUpdate, appsv1.RollingUpdateDaemonSet{})
		return k.DaemonSet.Type == live.DaemonSet.Type && filled(want.MaxUnavailable, shown.MaxUnavailable) && filled(want.MaxSurge, shown.MaxSurge)
	}
	return k == Knobs{}
}

// filled tells whether a value is the wanted one, or nobody wants one.
func filled(want, shown *intstr.IntOrString) bool { return want == nil || ptr.Equal(want, shown) }

// partition is the one that is rendered.
func (s State) partition() int32 {
	if s.Stage == StagePrepare || s.Stage == StageReturn {
		return shut
	}
	return max(s.Partition, s.bound())
}

// bound is the user's own partition: pods below it are never changed.
func (s State) bound() int32 {
	if !s.ordinal() || s.User.StatefulSet.RollingUpdate == nil {
		return 0
	}
	return ptr.Deref(s.User.StatefulSet.RollingUpdate.Partition, 0)
}

// rolling is the user's own, with a rolling update in any case.
func (k Knobs) rolling() Knobs {
	k = k.copy()
	if k.StatefulSet != nil {
		k.StatefulSet.Type = appsv1.RollingUpdateStatefulSetStrategyType
		if k.StatefulSet.RollingUpdate == nil {
			k.StatefulSet.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{}
		}
	}
	if k.DaemonSet != nil {
		k.DaemonSet.Type = appsv1.RollingUpdateDaemonSetStrategyType
		if k.DaemonSet.RollingUpdate == nil {
			k.DaemonSet.RollingUpdate = &appsv1.RollingUpdateDaemonSet{}
		}
	}
	return k
}

// Released gives the knobs of a workload whose own were lost in flight: a rolling
// update of all pods. What a hold leaves alone is kept.
func (k Knobs) Released() Knobs {
	k = k.rolling()
	if k.StatefulSet != nil {
		k.StatefulSet.RollingUpdate.Partition = nil
	}
	return k
}

func (k Knobs) copy() Knobs {
	return Knobs{StatefulSet: k.StatefulSet.DeepCopy(), DaemonSet: k.DaemonSet.DeepCopy()}
}

// most is the user's own maxUnavailable of a DaemonSet.
func (k Knobs) most() *intstr.IntOrString {
	one := ptr.To(intstr.FromInt32(1))
	if k.DaemonSet == nil || k.DaemonSet.RollingUpdate == nil {
		return one
	}
	most := ptr.Deref(k.DaemonSet.RollingUpdate.MaxUnavailable, *one)
	if most.String() == "0" || most.String() == "0%" { // only with a maxSurge
		return one
	}
	return &most
}

// unavailable is how many of the nodes may lack a pod at once: a percent rounds up
// for a DaemonSet, and nothing would move with less than one.
func (k Knobs) unavailable(nodes int32) int32 {
	n, err := intstr.GetScaledValueFromIntOrPercent(k.most(), int(nodes), true)
	if err != nil { // the API server let it pass, so this cannot happen
		return 1
	}
	return int32(min(max(n, 1), 1<<30))
}

// Wish merges what a requester sends for the knobs of a workload in flight into
// the user's own: a value that differs from what the live object shows is a wish,
// one that equals it was only carried along.
func (s State) Wish(live, incoming Knobs) Knobs {
	wish := s.User.copy()
	if wish.StatefulSet != nil && live.StatefulSet != nil && incoming.StatefulSet != nil {
		wishStatefulSet(wish.StatefulSet, live.StatefulSet, incoming.StatefulSet)
	}
	if wish.DaemonSet != nil && live.DaemonSet != nil && incoming.DaemonSet != nil {
		wishDaemonSet(wish.DaemonSet, live.DaemonSet, incoming.DaemonSet)
	}
	return wish
}

func wishStatefulSet(wish, live, incoming *appsv1.StatefulSetUpdateStrategy) {
	if incoming.Type != live.Type {
		wish.Type = incoming.Type
	}
	if wish.Type == appsv1.OnDeleteStatefulSetStrategyType {
		wish.RollingUpdate = nil // the API server takes none with it
		return
	}
	was, sent := ptr.Deref(live.RollingUpdate, appsv1.RollingUpdateStatefulSetStrategy{}), ptr.Deref(incoming.RollingUpdate, appsv1.RollingUpdateStatefulSetStrategy{})
	merged := ptr.Deref(wish.RollingUpdate, appsv1.RollingUpdateStatefulSetStrategy{})
	changed := merge(&merged.Partition, was.Partition, sent.Partition)
	changed = merge(&merged.MaxUnavailable, was.MaxUnavailable, sent.MaxUnavailable) || changed
	if changed {
		wish.RollingUpdate = &merged
	}
}

func wishDaemonSet(wish, live, incoming *appsv1.DaemonSetUpdateStrategy) {
	if incoming.Type != live.Type {
		wish.Type = incoming.Type
	}
	was, sent := ptr.Deref(live.RollingUpdate, appsv1.RollingUpdateDaemonSet{}), ptr.Deref(incoming.RollingUpdate, appsv1.RollingUpdateDaemonSet{})
	merged := ptr.Deref(wish.RollingUpdate, appsv1.RollingUpdateDaemonSet{})
	changed := merge(&merged.MaxUnavailable, was.MaxUnavailable, sent.MaxUnavailable)
	changed = merge(&merged.MaxSurge, was.MaxSurge, sent.MaxSurge) || changed
	if changed {
		wish.RollingUpdate = &merged
	}
}

// merge takes over what was sent where it differs from what was there.
func merge[T comparable](wish **T, was, sent *T) bool {
	if ptr.Equal(was, sent) {
		return false
	}
	*wish = sent
	return true
}
