// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

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
)

// stableOf is the revision that a release in batches can go back to.
type stableOf struct {
	revision
	version batch.Version
}

// controllerRevision gets a ControllerRevision's template; nil when it is gone.
func (t topology) controllerRevision(ctx context.Context, namespace, name string) (*revision, error) {
	if name == "" {
		return nil, nil
	}
	var object appsv1.ControllerRevision
	err := t.live.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &object)
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
	r := &revision{raw: raw}
	if err := json.Unmarshal(raw, &r.template); err != nil {
		return nil, fmt.Errorf("cannot read ControllerRevision %q: %w", name, err)
	}
	return r, nil
}

// stableRevision finds the revision that most ready pods are of, or says why there
// is none to go back to.
func (t topology) stableRevision(ctx context.Context, w *workload) (*stableOf, string, error) {
	ready, err := t.ready(ctx, w)
	if err != nil {
		return nil, "", err
	}
	if len(ready) == 0 {
		return nil, "none of its pods is ready", nil
	}
	version := w.version(ready[0])
	found, err := t.controllerRevision(ctx, w.old.Metadata.Namespace, version.Name)
	if err != nil {
		return nil, "", err
	}
	if found == nil {
		return nil, fmt.Sprintf("there is no ControllerRevision %q to go back to", version.Name), nil
	}
	return &stableOf{*found, version}, "", nil
}

// wayBack finds the revision that a workload goes back to whose state is lost: the
// one that most ready pods are of besides its own template's, which is the
// canary's; where there is no other, its own. It is nil where none is known.
func (t topology) wayBack(ctx context.Context, w *workload) (stable *stableOf, canary batch.Version, err error) {
	ready, err := t.ready(ctx, w)
	if err != nil {
		return nil, batch.Version{}, err
	}
	var own *stableOf
	for _, hash := range ready {
		version := w.version(hash)
		found, err := t.controllerRevision(ctx, w.old.Metadata.Namespace, version.Name)
		if err != nil {
			return nil, batch.Version{}, err
		}
		switch {
		case found == nil:
		case equality.Semantic.DeepEqual(found.template, w.old.template):
			own = &stableOf{*found, version}
		case stable == nil:
			stable = &stableOf{*found, version}
		}
	}
	switch {
	case stable == nil:
		return own, batch.Version{}, nil
	case own != nil:
		return stable, own.version, nil
	case w.old.Status.UpdateRevision == stable.version.Hash: // the template is too new
		return stable, batch.Version{}, nil
	default: // none of its pods is ready; a DaemonSet does not say what they are of
		return stable, w.version(w.old.Status.UpdateRevision), nil
	}
}

// version names the revision of the pods with a hash; empty for an empty one.
func (w *workload) version(hash string) batch.Version {
	if hash == "" {
		return batch.Version{}
	}
	return batch.VersionOf(w.kind == statefulSet, w.old.Metadata.Name, hash)
}

// ready lists the hashes of a workload's ready pods, that of most pods first; of
// several, the one that comes first. Nobody caches all pods for the few releases
// that start.
func (t topology) ready(ctx context.Context, w *workload) ([]string, error) {
	selector, err := metav1.LabelSelectorAsSelector(w.old.Spec.Selector)
	if err != nil {
		return nil, fmt.Errorf("cannot read the selector: %w", err)
	}
	var pods corev1.PodList
	if err := t.live.List(ctx, &pods, client.InNamespace(w.old.Metadata.Namespace), client.MatchingLabelsSelector{Selector: selector}); err != nil {
		return nil, fmt.Errorf("cannot list Pods: %w", err)
	}
	var hashes []string
	counts := map[string]int{}
	for i := range pods.Items {
		pod := &pods.Items[i]
		hash := pod.Labels[appsv1.ControllerRevisionHashLabelKey]
		if hash == "" || !isReady(pod) || !metav1.IsControlledBy(pod, &w.old.Metadata) {
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

// movedServices names the Services whose traffic a release in batches moves, or
// says why it moves none.
func (t topology) movedServices(ctx context.Context, w *workload, podLabels map[string]string) ([]string, string, error) {
	services, err := t.services(ctx, w.old.Metadata.Namespace, podLabels)
	if err != nil {
		return nil, "", fmt.Errorf("cannot list Services: %w", err)
	}
	var names []string
	for i := range services {
		if stays(&services[i]) {
			continue
		}
		if why, _ := unusable(&services[i], w.narrow()); why != "" {
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
