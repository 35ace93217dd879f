// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"slices"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/traffic/ledger"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// counts are the worst counts of ready pods, and what was measured, by workload.
type counts struct {
	mu       sync.Mutex
	worst    map[client.ObjectKey]seen
	measured map[client.ObjectKey]evidence
}

// maxEvidence bounds the measurements of one release; the latest are kept.
const maxEvidence = 64

// evidence is what was measured in one release, known by when it began.
type evidence struct {
	began time.Time
	all   []ledger.Measurement
}

// short are the measurements that a log has.
func short(log rollout.Log) (out []ledger.Measurement) {
	for _, one := range log.Measured {
		out = append(out, ledger.Measurement{Analysis: one.Analysis, At: one.At, Verdict: string(one.Verdict), Text: one.Says})
	}
	return out
}

// note adds a measurement that is not known yet.
func (e *evidence) note(one ledger.Measurement) {
	known := slices.ContainsFunc(e.all, func(other ledger.Measurement) bool { return other.Analysis == one.Analysis && other.At.Equal(one.At) })
	if !known {
		e.all = append(e.all, one)
	}
}

// seen is the worst count of one release, known by when it began.
type seen struct {
	began time.Time
	count rollout.Count
}

// Saw notes how many pods of a workload in flight are ready. Counting writes
// nothing: what is seen goes into the state with the next write of it, and what was
// seen since the last one is lost where a manager ends.
func (k *Keeper) Saw(object client.Object, log rollout.Log, count rollout.Count) {
	if k == nil || log.Began.IsZero() {
		return
	}
	key := keyOf(object)
	k.counts.mu.Lock()
	defer k.counts.mu.Unlock()
	if k.counts.worst == nil {
		k.counts.worst = map[client.ObjectKey]seen{}
	}
	if worst, there := k.counts.worst[key]; !there || !worst.began.Equal(log.Began) || count.Worse(worst.count) {
		k.counts.worst[key] = seen{log.Began, count}
	}
}

// Forget drops what was seen of a workload that is gone: a Deployment's key, and of
// the other kinds one whose name is KIND/NAME.
func (k *Keeper) Forget(key client.ObjectKey) {
	if k == nil {
		return
	}
	k.counts.mu.Lock()
	defer k.counts.mu.Unlock()
	delete(k.counts.worst, key)
	delete(k.counts.measured, key)
}

func keyOf(object client.Object) client.ObjectKey {
	key := client.ObjectKeyFromObject(object)
	if kind := kindOf(object); kind != "Deployment" {
		key.Name = kind + "/" + key.Name
	}
	return key
}

// of gives the worst count of a release; nil where none was seen.
func (c *counts) of(key client.ObjectKey, log rollout.Log) *rollout.Count {
	c.mu.Lock()
	defer c.mu.Unlock()
	worst, there := c.worst[key]
	if !there || !worst.began.Equal(log.Began) {
		return nil
	}
	return &worst.count
}

// add keeps what is new about a release, and gives all that was kept. The state has
// the newest of each analysis, and the latest of all in short: with those a manager
// begins that has just become the leader.
func (c *counts) add(key client.ObjectKey, state rollout.State) []ledger.Measurement {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := c.measured[key]
	if !kept.began.Equal(state.Log.Began) {
		kept = evidence{began: state.Log.Began}
	}
	for _, a := range state.Analyses {
		if a.Last != nil {
			kept.note(ledger.Measurement{Analysis: a.Name, At: a.Last.At, Verdict: string(a.Last.Verdict), Text: a.Last.Says})
		}
	}
	for _, one := range short(state.Log) {
		kept.note(one)
	}
	slices.SortStableFunc(kept.all, func(a, b ledger.Measurement) int { return a.At.Compare(b.At) })
	if len(kept.all) == 0 {
		return nil
	}
	kept.all = kept.all[max(0, len(kept.all)-maxEvidence):]
	if c.measured == nil {
		c.measured = map[client.ObjectKey]evidence{}
	}
	c.measured[key] = kept
	return slices.Clone(kept.all)
}
