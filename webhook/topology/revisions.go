// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/index"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// Batched is a live workload whose pods change in batches, as far as what is around
// it depends on it.
type Batched struct {
	Kind     string // StatefulSet or DaemonSet
	Metadata *metav1.ObjectMeta
	Selector *metav1.LabelSelector
	Template *corev1.PodTemplateSpec
	// UpdateRevision is that of a StatefulSet's status.
	UpdateRevision string
}

// Stable is the revision that a release in batches can go back to.
type Stable struct {
	Revision

	Version batch.Version
}

// ControllerRevision gets a ControllerRevision's template; nil when it is gone.
func (r Reader) ControllerRevision(ctx context.Context, namespace, name string) (*Revision, error) {
	if name == "" {
		return nil, nil
	}
	var object appsv1.ControllerRevision
	err := r.Live.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &object)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot get ControllerRevision %q: %w", name, err)
	}
	raw, err := batch.Template(object.Data.Raw)
	if err != nil {
		return nil, fmt.Errorf("ControllerRevision %q: %w", name, err)
	}
	found := &Revision{Raw: raw}
	if err := json.Unmarshal(raw, &found.Template); err != nil {
		return nil, fmt.Errorf("cannot read ControllerRevision %q: %w", name, err)
	}
	return found, nil
}

// StableRevision finds the revision that most ready pods are of, or says why there
// is none to go back to.
func (r Reader) StableRevision(ctx context.Context, w Batched) (*Stable, string, error) {
	ready, err := r.ready(ctx, w)
	if err != nil {
		return nil, "", err
	}
	if len(ready) == 0 {
		return nil, "none of its pods is ready", nil
	}
	version := w.version(ready[0])
	found, err := r.ControllerRevision(ctx, w.Metadata.Namespace, version.Name)
	if err != nil {
		return nil, "", err
	}
	if found == nil {
		return nil, fmt.Sprintf("there is no ControllerRevision %q to go back to", version.Name), nil
	}
	return &Stable{*found, version}, "", nil
}

// WayBack finds the revision that a workload goes back to whose state is lost: the
// one that most ready pods are of besides its own template's, which is the
// canary's; where there is no other, its own. It is nil where none is known.
func (r Reader) WayBack(ctx context.Context, w Batched) (stable *Stable, canary batch.Version, err error) {
	ready, err := r.ready(ctx, w)
	if err != nil {
		return nil, batch.Version{}, err
	}
	var own *Stable
	for _, hash := range ready {
		version := w.version(hash)
		found, err := r.ControllerRevision(ctx, w.Metadata.Namespace, version.Name)
		if err != nil {
			return nil, batch.Version{}, err
		}
		switch {
		case found == nil:
		case equality.Semantic.DeepEqual(found.Template, *w.Template):
			own = &Stable{*found, version}
		case stable == nil:
			stable = &Stable{*found, version}
		}
	}
	switch {
	case stable == nil:
		return own, batch.Version{}, nil
	case own != nil:
		return stable, own.Version, nil
	case w.UpdateRevision == stable.Version.Hash: // the template is too new
		return stable, batch.Version{}, nil
	default: // none of its pods is ready; a DaemonSet does not say what they are of
		return stable, w.version(w.UpdateRevision), nil
	}
}

// version names the revision of the pods with a hash; empty for an empty one.
func (w Batched) version(hash string) batch.Version {
	if hash == "" {
		return batch.Version{}
	}
	return batch.VersionOf(w.Kind == batch.StatefulSet, w.Metadata.Name, hash)
}

// ready lists the hashes of a workload's ready pods, that of most pods first; of
// several, the one that comes first. Nobody caches all pods for the few releases
// that start.
func (r Reader) ready(ctx context.Context, w Batched) ([]string, error) {
	selector, err := metav1.LabelSelectorAsSelector(w.Selector)
	if err != nil {
		return nil, fmt.Errorf("cannot read the selector: %w", err)
	}
	var pods corev1.PodList
	if err := r.Live.List(ctx, &pods, client.InNamespace(w.Metadata.Namespace), client.MatchingLabelsSelector{Selector: selector}); err != nil {
		return nil, fmt.Errorf("cannot list Pods: %w", err)
	}
	var hashes []string
	counts := map[string]int{}
	for i := range pods.Items {
		pod := &pods.Items[i]
		hash := pod.Labels[appsv1.ControllerRevisionHashLabelKey]
		if hash == "" || !isReady(pod) || !metav1.IsControlledBy(pod, w.Metadata) {
			continue
		}
		if counts[hash]++; counts[hash] == 1 {
			hashes = append(hashes, hash)
		}
	}
	slices.SortStableFunc(hashes, func(a, b string) int { return cmp.Compare(counts[b], counts[a]) })
	return hashes, nil
}

func isReady(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue && pod.DeletionTimestamp == nil
		}
	}
	return false
}

// MovedServices names the Services whose traffic a release in batches moves, or
// says why it moves none.
func (r Reader) MovedServices(ctx context.Context, w Batched, podLabels map[string]string) ([]string, string, error) {
	services, err := r.Services(ctx, w.Metadata.Namespace, podLabels)
	if err != nil {
		return nil, "", fmt.Errorf("cannot list Services: %w", err)
	}
	var names []string
	for i := range services {
		if stays(&services[i]) {
			continue
		}
		if why, _ := unusable(&services[i], route.Narrow{Workload: w.Kind + "/" + w.Metadata.Name}); why != "" {
			return nil, why, nil
		}
		names = append(names, services[i].Name)
	}
	return names, "", nil
}

// stays tells a Service that leads to all pods whatever happens: one without an
// address gives the pods their names, and with a traffic policy of Local a node is
// served by its own pod.
func stays(service *corev1.Service) bool {
	spec := service.Spec
	return spec.ClusterIP == corev1.ClusterIPNone || spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal ||
		(spec.InternalTrafficPolicy != nil && *spec.InternalTrafficPolicy == corev1.ServiceInternalTrafficPolicyLocal)
}

// Carried tells whether a revision of a Deployment carries a state.
func (r Reader) Carried(ctx context.Context, d *appsv1.Deployment, state string) bool {
	var list appsv1.ReplicaSetList
	if r.Cache.List(ctx, &list, client.InNamespace(d.Namespace), index.OwnedBy(d.UID), client.UnsafeDisableDeepCopy) != nil {
		return false
	}
	for i := range list.Items {
		rs := &list.Items[i]
		if its, there := rs.Annotations[rollout.StateAnnotation]; there && its == state && metav1.IsControlledBy(rs, d) {
			return true
		}
	}
	return false
}

// between names a ReplicaSet that an earlier rollout left with pods and that is
// younger than stable's: of two old versions the stock controller takes the pods
// of the older one first, and that would be stable's.
func between(all []appsv1.ReplicaSet, d *appsv1.Deployment, stable *appsv1.ReplicaSet) string {
	for i := range all {
		rs := &all[i]
		if metav1.IsControlledBy(rs, d) && ptr.Deref(rs.Spec.Replicas, 1) > 0 && stable.CreationTimestamp.Before(&rs.CreationTimestamp) {
			return rs.Name
		}
	}
	return ""
}
