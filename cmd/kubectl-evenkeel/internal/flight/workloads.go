// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package flight

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/diagnosis"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// OfDeployment gives a Deployment's flight; sets are its ReplicaSets, or more.
func OfDeployment(d *appsv1.Deployment, sets []*appsv1.ReplicaSet) Flight {
	state, err := rollout.ParseState(d.Annotations[rollout.StateAnnotation])
	f := of(Deployment, d.ObjectMeta, state)
	f.Replicas = ptr.Deref(d.Spec.Replicas, 1)
	if err != nil {
		f.Unread = err.Error()
	}
	for _, rs := range sets {
		if !metav1.IsControlledBy(rs, d) {
			continue
		}
		for _, version := range []*Pods{&f.Stable, &f.Canary} {
			if version.Version == rs.Name {
				version.Ready, version.Asked = rs.Status.ReadyReplicas, ptr.Deref(rs.Spec.Replicas, 0)
			}
		}
	}
	return f
}

// OfStatefulSet gives a StatefulSet's flight; pods are its own, or more.
func OfStatefulSet(s *appsv1.StatefulSet, pods []*corev1.Pod) Flight {
	return ofBatches(StatefulSet, s.ObjectMeta, ptr.Deref(s.Spec.Replicas, 1), pods)
}

// OfDaemonSet gives a DaemonSet's flight; pods are its own, or more.
func OfDaemonSet(d *appsv1.DaemonSet, pods []*corev1.Pod) Flight {
	return ofBatches(DaemonSet, d.ObjectMeta, d.Status.DesiredNumberScheduled, pods)
}

// ofBatches counts pods by the revision that they carry: no status tells how many
// of each are ready.
func ofBatches(kind string, meta metav1.ObjectMeta, replicas int32, pods []*corev1.Pod) Flight {
	state, err := batch.ParseState(meta.Annotations[rollout.StateAnnotation])
	f := of(kind, meta, common(state))
	f.Replicas = replicas
	f.Reversible = state.Reversible()
	if err != nil {
		f.Unread = err.Error()
	}
	var canary []*corev1.Pod
	for _, pod := range pods {
		if owner := metav1.GetControllerOfNoCopy(pod); owner == nil || owner.UID != meta.UID {
			continue
		}
		hash := pod.Labels[appsv1.ControllerRevisionHashLabelKey]
		switch hash {
		case "":
		case state.Stable.Hash:
			f.Stable.count(pod)
		case state.Canary.Hash:
			f.Canary.count(pod)
			canary = append(canary, pod)
		}
	}
	if f.lacksPods() {
		f.Unwell = diagnosis.Of(canary, kind, meta.Name)
	}
	f.Weight = share(state, f.Stable, f.Canary)
	return f
}

// common is what a rollout in batches says in the words of a Deployment's.
func common(s batch.State) rollout.State {
	out := rollout.State{
		Phase: s.Phase, Stage: s.Stage, OnFailure: s.OnFailure, Step: s.Step, Steps: s.Steps, Since: s.Since, Seen: s.Seen,
		Stable: rollout.Version{ReplicaSet: s.Stable.Name, Hash: s.Stable.Hash}, Canary: rollout.Version{ReplicaSet: s.Canary.Name, Hash: s.Canary.Hash},
		Services: s.Services, Timing: s.Timing, Held: s.Held, Told: s.Told, Reason: s.Reason, Wait: s.Wait,
	}
	if s.Phase != "" {
		out.Strategy = rollout.Batch
	}
	return out
}

// share is how much of the traffic the new pods get: all or none where Services
// lead to one version alone, else their share of the ready pods.
func share(s batch.State, stable, canary Pods) int {
	switch {
	case s.Phase == rollout.Completed || (s.InFlight() && s.Serve == batch.New):
		return 100
	case !s.InFlight() || s.Serve == batch.Old || stable.Ready+canary.Ready == 0:
		return 0
	default:
		return int(100 * canary.Ready / (stable.Ready + canary.Ready))
	}
}

func (p *Pods) count(pod *corev1.Pod) {
	p.Asked++
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
			p.Ready++
		}
	}
}
