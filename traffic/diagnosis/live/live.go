// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/traffic/batch"
	"github.com/evenkeel-dev/evenkeel/traffic/diagnosis"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// The bounds of a look.
const (
	patience = time.Second
	maxPods  = 500
)

// Version is one version of a workload, by the label of its pods and by who controls
// them.
type Version struct {
	namespace, label, hash, kind, name string
}

// Of is a version of a workload: of a StatefulSet or DaemonSet its pods are the
// workload's own, with the revision's hash, of a Deployment those of a ReplicaSet.
func Of(namespace, kind, name string, v rollout.Version) Version {
	if kind == batch.StatefulSet || kind == batch.DaemonSet {
		return Version{namespace: namespace, label: appsv1.ControllerRevisionHashLabelKey, hash: v.Hash, kind: kind, name: name}
	}
	return Version{namespace: namespace, label: appsv1.DefaultDeploymentUniqueLabelKey, hash: v.Hash, kind: "ReplicaSet", name: v.ReplicaSet}
}

// Pods lists a version's pods, of a large one the first 500; none where its hash is
// not known.
func (of Version) Pods(ctx context.Context, c client.Reader) ([]corev1.Pod, error) {
	if of.hash == "" {
		return nil, nil
	}
	var list corev1.PodList
	err := c.List(ctx, &list, client.InNamespace(of.namespace), client.MatchingLabels{of.label: of.hash}, client.Limit(maxPods))
	return slices.DeleteFunc(list.Items, func(pod corev1.Pod) bool {
		return !slices.ContainsFunc(pod.OwnerReferences, func(owner metav1.OwnerReference) bool {
			return owner.Kind == of.kind && owner.Name == of.name
		})
	}), err
}

// Unwell says what is wrong with a version's pods. Nobody waits for it: what cannot be
// read within a second is left out.
func (of Version) Unwell(ctx context.Context, c client.Reader) string {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	pods, err := of.Pods(ctx, c)
	if err != nil {
		return ""
	}
	all := make([]*corev1.Pod, len(pods))
	for i := range pods {
		all[i] = &pods[i]
	}
	return diagnosis.Of(all, of.kind, of.name)
}
