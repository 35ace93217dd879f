// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"context"
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/traffic/behind"
	"github.com/evenkeel-dev/evenkeel/traffic/index"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout/packed"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// world is one reading of the cluster: the snapshot that is decided on, and the
// objects that it was made of.
type world struct {
	snapshot   rollout.Snapshot
	deployment *appsv1.Deployment
	services   map[string]*corev1.Service // the users' and the canary's, by name
	routes     []*routeSeen
	own        []string // the Deployment's ReplicaSets, of all versions
}

// observe reads everything that Decide looks at.
func (r *Reconciler) observe(ctx context.Context, d *appsv1.Deployment) (*world, error) {
	state, err := rollout.ParseState(d.Annotations[rollout.StateAnnotation])
	if err != nil {
		return nil, err
	}
	return r.observeIn(ctx, d, state)
}

// observeIn reads everything that Decide looks at, of a Deployment whose state is known.
func (r *Reconciler) observeIn(ctx context.Context, d *appsv1.Deployment, state rollout.State) (*world, error) {
	w := &world{
		deployment: d, services: map[string]*corev1.Service{},
		snapshot: rollout.Snapshot{
			State: state, Replicas: 1, Observed: d.Status.ObservedGeneration >= d.Generation, Finished: finished(d), Stuck: stuck(d), Idle: idle(d),
		},
	}
	if d.Spec.Replicas != nil {
		w.snapshot.Replicas = *d.Spec.Replicas
	}
	if !state.InFlight() {
		return w, nil
	}
	if err := r.observePods(ctx, w); err != nil {
		return nil, err
	}
	target := state.Target()
	for _, name := range state.Services {
		if err := r.observeService(ctx, w, name, target); err != nil {
			return nil, err
		}
	}
	return w, r.observeRoutes(ctx, w, target)
}

// observePods counts the pods of both versions by their ReplicaSets.
func (r *Reconciler) observePods(ctx context.Context, w *world) error {
	var list appsv1.ReplicaSetList // the cache's own, as all lists here: only looked at
	if err := r.client.List(ctx, &list, client.InNamespace(w.deployment.Namespace), index.OwnedBy(w.deployment.UID), client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("cannot list ReplicaSets: %w", err)
	}
	own := slices.DeleteFunc(list.Items, func(rs appsv1.ReplicaSet) bool { return !metav1.IsControlledBy(&rs, w.deployment) })
	state := w.snapshot.State
	w.snapshot.Between = between(own, state)
	shows, ready := "", int32(0)
	for i := range own {
		rs := &own[i]
		pods := rollout.Pods{
			Exists: true, Replicas: max(rs.Status.Replicas, ptr.Deref(rs.Spec.Replicas, 1)), Ready: rs.Status.ReadyReplicas, Refused: refused(rs),
		}
		ready += pods.Ready
		w.own = append(w.own, rs.Name)
		switch rs.Name {
		case state.Stable.ReplicaSet:
			w.snapshot.Stable = pods
		case state.Canary.ReplicaSet:
			w.snapshot.Canary = pods
			if err := r.observeAge(ctx, w, rs); err != nil {
				return err
			}
		}
		same, err := sameTemplate(w.deployment, rs)
		if err != nil {
			return err
		}
		if !same {
			continue
		}
		if shows = rs.Labels[appsv1.DefaultDeploymentUniqueLabelKey]; w.snapshot.Observed {
			w.snapshot.Newest = rollout.Version{ReplicaSet: rs.Name, Hash: shows, Revision: rs.Annotations[rollout.RevisionAnnotation]}
		}
	}
	r.ledger.Saw(w.deployment, state.Log, rollout.Count{Ready: ready, Of: w.snapshot.Replicas})
	templateIsRight := state.Stage != rollout.StageRestore || shows == state.Stable.Hash
	w.snapshot.Rendered = templateIsRight && rollout.KnobsOf(w.deployment).Equal(state.Render())
	return nil
}

// between finds what an earlier rollout left: pods that count as available, or
// will, as those of a version that is held never do, in a ReplicaSet that is
// younger than stable's. The stock controller takes those of the older one first.
func between(own []appsv1.ReplicaSet, state rollout.State) string {
	stable := slices.IndexFunc(own, func(rs appsv1.ReplicaSet) bool { return rs.Name == state.Stable.ReplicaSet })
	for i := range own {
		rs := &own[i]
		held := rs.Name == state.Canary.ReplicaSet || rs.Spec.MinReadySeconds == rollout.HoldMinReadySeconds
		if stable >= 0 && !held && ptr.Deref(rs.Spec.Replicas, 1) > 0 && own[stable].CreationTimestamp.Before(&rs.CreationTimestamp) {
			return rs.Name
		}
	}
	return ""
}

// finished tells whether the stock controller is done with a Deployment: every
// pod is of its template, and available.
func finished(d *appsv1.Deployment) bool {
	replicas, status := ptr.Deref(d.Spec.Replicas, 1), d.Status
	return status.ObservedGeneration >= d.Generation && status.UpdatedReplicas == replicas && status.Replicas == replicas && status.AvailableReplicas == replicas
}

// stuck is the stock controller's word that a Deployment does not get on.
func stuck(d *appsv1.Deployment) string {
	for _, condition := range d.Status.Conditions {
		if condition.Type == appsv1.DeploymentProgressing && condition.Status == corev1.ConditionFalse {
			return condition.Message
		}
	}
	return ""
}

// idle tells whether the stock controller still speaks of the version before.
func idle(d *appsv1.Deployment) bool {
	if finished(d) {
		return false
	}
	for _, condition := range d.Status.Conditions {
		if condition.Type == appsv1.DeploymentProgressing {
			return condition.Reason == "NewReplicaSetAvailable"
		}
	}
	return false // the user wants no deadline
}

// refused is why a ReplicaSet's pods cannot be made.
func refused(rs *appsv1.ReplicaSet) string {
	for _, condition := range rs.Status.Conditions {
		if condition.Type == appsv1.ReplicaSetReplicaFailure && condition.Status == corev1.ConditionTrue {
			return condition.Message
		}
	}
	return ""
}

// sameTemplate tells whether a ReplicaSet is that of the Deployment's template.
func sameTemplate(d *appsv1.Deployment, rs *appsv1.ReplicaSet) (bool, error) {
	template, err := packed.Template(rs)
	if err != nil {
		return false, err
	}
	own := *template // may be the cache's: its labels are not touched
	own.Labels = maps.Clone(own.Labels)
	delete(own.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
	return equality.Semantic.DeepEqual(&d.Spec.Template, &own), nil
}

func (r *Reconciler) observeService(ctx context.Context, w *world, name string, target rollout.Target) error {
	state := w.snapshot.State
	seen := rollout.Service{Name: name, Backend: slices.Contains(state.Backends, name), CanaryInPlace: true}
	service, err := r.getService(ctx, w, name)
	if err != nil {
		return err
	}
	if service != nil {
		seen.Exists = true
		seen.By = another(service, route.Narrow{Deployment: w.deployment.Name})
		behind, err := r.behind().Of(ctx, client.ObjectKeyFromObject(service), asked(service, seen.Backend))
		if err != nil {
			return err
		}
		seen.Lacks = behind.Lacks()
		counts, err := r.behind().ByReplicaSet(ctx, service.Namespace, behind.Ready)
		if err != nil {
			return err
		}
		for rs, n := range counts {
			switch rs {
			case state.Stable.ReplicaSet:
				seen.Stable += n
			case state.Canary.ReplicaSet:
				seen.Canary += n
			default:
				if !slices.Contains(w.own, rs) {
					seen.Other += n
				}
			}
		}
		seen.InPlace = narrowed(service, w.narrow(target)) || (state.Phase == rollout.RollingBack && shared(service, seen))
	}
	if seen.Backend {
		if err := r.observeCanaryService(ctx, w, &seen, target); err != nil {
			return err
		}
	}
	w.snapshot.Services = append(w.snapshot.Services, seen)
	return nil
}

func (r *Reconciler) observeCanaryService(ctx context.Context, w *world, seen *rollout.Service, target rollout.Target) error {
	name := seen.Name + route.CanarySuffix
	service, err := r.getService(ctx, w, name)
	if err != nil {
		return err
	}
	state := w.snapshot.State
	if service != nil && !metav1.IsControlledBy(service, w.deployment) { // nothing of it is ours to make, or to take
		seen.Foreign = fmt.Sprintf("Service %q", name)
		return nil
	}
	switch target.Canary {
	case rollout.CanaryServiceAbsent:
		seen.CanaryInPlace = service == nil
	case rollout.CanaryServiceSelect:
		seen.CanaryInPlace = service != nil && w.follows(service, seen.Name)
	}
	if service == nil || state.Canary.ReplicaSet == "" {
		return nil
	}
	seen.CanaryMade = madeAt(service)
	behind, err := r.behind().Of(ctx, client.ObjectKeyFromObject(service), service.Spec.Ports)
	if err != nil {
		return err
	}
	counts, err := r.behind().ByReplicaSet(ctx, service.Namespace, behind.Ready)
	seen.CanaryReady, seen.CanaryLacks = counts[state.Canary.ReplicaSet], behind.Lacks()
	return err
}

// behind reads who is behind Services.
func (r *Reconciler) behind() behind.Reader { return behind.Reader{Cache: r.client, Live: r.live} }

// asked are the ports that the pods behind a Service must have: all, where routes
// lead to it. What nobody's traffic goes through is its owner's alone.
func asked(service *corev1.Service, backend bool) []corev1.ServicePort {
	if !backend {
		return nil
	}
	return service.Spec.Ports
}

func (r *Reconciler) getService(ctx context.Context, w *world, name string) (*corev1.Service, error) {
	service, err := r.service(ctx, client.ObjectKey{Namespace: w.deployment.Namespace, Name: name})
	if service != nil {
		w.services[name] = service
	}
	return service, err
}

// service gets a Service; nil where there is none.
func (r *Reconciler) service(ctx context.Context, key client.ObjectKey) (*corev1.Service, error) {
	var service corev1.Service
	err := r.client.Get(ctx, key, &service)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot get Service %q: %w", key.Name, err)
	}
	return &service, nil
}
