// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// patience is how long a cache may lag behind a write before it is believed.
const patience = 5 * time.Second

// written remembers what was written last, by name, so that nothing is decided
// on what the cache showed before it: such a write would be refused.
type written struct{ last sync.Map }

// version is one write.
type version struct {
	resource string
	at       time.Time
}

// keep remembers an object as the API server answered.
func (w *written) keep(object client.Object, now time.Time) {
	w.last.Store(client.ObjectKeyFromObject(object), version{object.GetResourceVersion(), now})
}

// ahead tells whether an object that comes from the cache is older than what was
// written. Once it is not, the write is forgotten.
func (w *written) ahead(object client.Object, now time.Time) bool {
	key := client.ObjectKeyFromObject(object)
	value, there := w.last.Load(key)
	if !there {
		return false
	}
	last, _ := value.(version)
	order, err := resourceversion.CompareResourceVersion(object.GetResourceVersion(), last.resource)
	if err == nil && order < 0 && now.Sub(last.at) < patience {
		return true
	}
	w.forget(key)
	return false
}

func (w *written) forget(key types.NamespacedName) { w.last.Delete(key) }
