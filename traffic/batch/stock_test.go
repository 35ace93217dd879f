// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package batch

import (
	"math/rand/v2"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// stock is one pass of the workload's stock controller, by its own rules.
func (w *world) stock() {
	w.observed, w.update = true, w.template
	if w.knobs.DaemonSet != nil {
		w.stockDaemonSet()
		return
	}
	w.stockStatefulSet()
	updated := w.count(func(p *Pod) bool { return p.Hash == w.update && !p.Leaving })
	whole := w.count(func(p *Pod) bool { return p.Ready })
	if updated == w.replicas && whole == w.replicas && len(w.pods) == int(w.replicas) {
		w.current = w.update // without pods it forgets the old one, too
	}
}

// stockStatefulSet makes missing pods in order, takes those beyond the replicas,
// and then updates from the highest ordinal down to the partition.
func (w *world) stockStatefulSet() {
	own := ptr.Deref(w.knobs.StatefulSet.RollingUpdate, appsv1.RollingUpdateStatefulSetStrategy{})
	partition := ptr.Deref(own.Partition, 0)
	for i := range w.replicas {
		pod := w.pod(i)
		if pod == nil {
			hash := w.update
			if i < partition {
				hash = w.current
			}
			w.create(i, hash)
			if !w.parallel {
				return
			}
			continue
		}
		if !w.parallel && !pod.Available {
			return
		}
	}
	if w.condemned() {
		return
	}
	most := scaledUp(own.MaxUnavailable, w.replicas)
	unavailable := w.count(func(p *Pod) bool { return !p.Available }) + w.replicas - int32(len(w.pods))
	for i := w.replicas - 1; i >= partition && unavailable < most; i-- {
		if pod := w.pod(i); pod != nil && pod.Hash != w.update && !pod.Leaving {
			w.remove(*pod, "the stock controller")
			unavailable++
		}
	}
}

// condemned takes the pods beyond the replicas, with OrderedReady one by one.
func (w *world) condemned() (busy bool) {
	for i := int32(40); i >= w.replicas; i-- {
		pod := w.pod(i)
		if pod == nil {
			continue
		}
		if !pod.Leaving {
			pod.Leaving, pod.Ready, pod.Available = true, false, false
		}
		busy = true
		if !w.parallel {
			return true
		}
	}
	return busy
}

func scaledUp(value *intstr.IntOrString, n int32) int32 {
	if value == nil {
		return 1
	}
	scaled, err := intstr.GetScaledValueFromIntOrPercent(value, int(n), false)
	if err != nil {
		panic(err)
	}
	return int32(max(scaled, 1))
}

// stockDaemonSet gives each node a pod of the newest template, and replaces old
// ones only when the type is RollingUpdate.
func (w *world) stockDaemonSet() {
	for i := range w.replicas {
		if w.pod(i) == nil {
			w.create(i, w.update)
		}
	}
	if w.knobs.DaemonSet.Type != appsv1.RollingUpdateDaemonSetStrategyType {
		return
	}
	spare := w.knobs.unavailable(w.replicas) - w.count(func(p *Pod) bool { return !p.Available })
	for _, pod := range slices.Clone(w.pods) {
		if pod.Hash == w.update || pod.Leaving {
			continue
		}
		if pod.Available {
			if spare <= 0 {
				continue
			}
			spare--
		}
		w.remove(*pod, "the stock controller")
	}
}

// kubelet lets some pods go on by themselves: those that leave are gone, the
// others become ready, and available after that.
func (w *world) kubelet(random *rand.Rand) {
	w.pods = slices.DeleteFunc(w.pods, func(p *Pod) bool { return p.Leaving && random.IntN(2) == 0 })
	for _, pod := range w.pods {
		if pod.Leaving || w.sick[pod.Hash] || random.IntN(2) == 0 {
			continue
		}
		pod.Available = pod.Ready
		pod.Ready = true
	}
}

// crash makes one pod unready. The last one that serves only in a cruel world.
func (w *world) crash(random *rand.Rand) {
	if len(w.pods) == 0 {
		return
	}
	pod := w.pods[random.IntN(len(w.pods))]
	serves := pod.Hash == w.served || pod.Hash == w.selected || w.state.Divides() && pod.Hash == w.state.hash(w.state.Serve)
	if pod.Ready && serves && w.ready(pod.Hash) == 1 && !w.cruel {
		return
	}
	pod.Ready, pod.Available = false, false
}
