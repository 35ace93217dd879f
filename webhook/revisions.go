// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
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
// is none to go back to. Nobody caches all pods for the few releases that start.
func (t topology) stableRevision(ctx context.Context, w *workload) (*stableOf, string, error) {
	selector, err := metav1.LabelSelectorAsSelector(w.old.Spec.Selector)
	if err != nil {
		return nil, "", fmt.Errorf("cannot read the selector: %w", err)
	}
	var pods corev1.PodList
	namespace := w.old.Metadata.Namespace
	if err := t.live.List(ctx, &pods, client.InNamespace(namespace), client.MatchingLabelsSelector{Selector: selector}); err != nil {
		return nil, "", fmt.Errorf("cannot list Pods: %w", err)
	}
	hash := mostReady(pods.Items, &w.old.Metadata)
	if hash == "" {
		return nil, "none of its pods is ready", nil
	}
	version := batch.VersionOf(w.kind == statefulSet, w.old.Metadata.Name, hash)
	found, err := t.controllerRevision(ctx, namespace, version.Name)
	if err != nil {
		return nil, "", err
	}
	if found == nil {
		return nil, fmt.Sprintf("there is no ControllerRevision %q to go back to", version.Name), nil
	}
	return &stableOf{*found, version}, "", nil
}

// mostReady is the revision of most ready pods; of several, the one that comes first.
func mostReady(pods []corev1.Pod, owner metav1.Object) (most string) {
	counts := map[string]int{}
	for i := range pods {
		if hash := pods[i].Labels[appsv1.ControllerRevisionHashLabelKey]; isReady(&pods[i]) && metav1.IsControlledBy(&pods[i], owner) {
			counts[hash]++
		}
	}
	for i := range pods {
		if hash := pods[i].Labels[appsv1.ControllerRevisionHashLabelKey]; counts[hash] > counts[most] {
			most = hash
		}
	}
	return most
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
