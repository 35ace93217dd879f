// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package batch

import (
	"cmp"
	"slices"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// deletes are the pods that the stage has the controller delete itself. None while
// the stock controller would not make the right ones in their place.
func (s Snapshot) deletes() []Pod {
	switch {
	case !s.Rendered || !s.Observed:
		return nil
	case s.State.ordinal():
		return s.stuck()
	case s.State.Stage == StageBatch && s.Newest == s.State.Canary && s.inPlace():
		return s.taken()
	default:
		return nil
	}
}

// taken are the next pods of a DaemonSet's batch, those first that serve nobody
// and then by the names of the nodes: as many as the user's own maxUnavailable
// leaves, and never the last one that Services lead to.
func (s Snapshot) taken() []Pod {
	old := slices.DeleteFunc(slices.Clone(s.Pods), func(p Pod) bool { return p.Leaving || p.Hash == s.State.Canary.Hash })
	slices.SortFunc(old, func(a, b Pod) int {
		return cmp.Or(order(a.Available, b.Available), cmp.Compare(a.Node, b.Node), cmp.Compare(a.Name, b.Name))
	})
	quota := int32(len(old)) - s.left() //nolint:gosec // pods of one workload
	spare := s.State.User.unavailable(s.Replicas) - (s.Replicas - s.count(func(p Pod) bool { return p.Available && !p.Leaving }))
	serving := s.ready(Old)
	var taken []Pod
	for _, pod := range old {
		last := s.State.Serve == Old && pod.Ready && serving <= 1
		if int32(len(taken)) >= quota || (pod.Available && spare <= 0) { //nolint:gosec // pods of one workload
			break
		}
		if last {
			continue
		}
		if pod.Available {
			spare--
		}
		if pod.Ready && pod.Hash == s.State.Stable.Hash {
			serving--
		}
		taken = append(taken, pod)
	}
	return taken
}

// order puts false before true.
func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

// stuck are the pods of a StatefulSet that serve nobody and are to be of another
// version. Its stock controller waits for them to become ready before it replaces
// them, which a broken one never does.
func (s Snapshot) stuck() []Pod {
	stuck := slices.DeleteFunc(slices.Clone(s.Pods), func(p Pod) bool {
		return p.Leaving || p.Ready || p.Ordinal < s.State.bound() || !s.outdated(p)
	})
	slices.SortFunc(stuck, func(a, b Pod) int { return cmp.Compare(b.Ordinal, a.Ordinal) })
	return stuck
}

// outdated tells whether the stage's stock controller makes a pod of another
// version in place of this one.
func (s Snapshot) outdated(p Pod) bool {
	state := s.State
	given := slices.Contains(state.Dropped, p.Hash)
	switch state.Stage {
	case StagePrepare:
		return given && p.Hash != s.Newest.Hash
	case StageBatch:
		return p.Hash != state.Canary.Hash && s.Newest == state.Canary && (given || p.Ordinal >= state.Partition)
	case StageRestore:
		return s.Newest.Hash == state.Stable.Hash && (given || p.Hash == state.Canary.Hash) && state.Phase == rollout.RollingBack
	default:
		return false
	}
}
