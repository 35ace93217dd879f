// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// counts are the worst counts of ready pods, by workload.
type counts struct {
	mu    sync.Mutex
	worst map[client.ObjectKey]seen
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
