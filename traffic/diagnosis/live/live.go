// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/traffic/diagnosis"
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

// OfDeployment is a version of a Deployment: a ReplicaSet and its pod-template-hash.
func OfDeployment(namespace, replicaSet, hash string) Version {
	return Version{namespace: namespace, label: appsv1.DefaultDeploymentUniqueLabelKey, hash: hash, kind: "ReplicaSet", name: replicaSet}
}

// OfBatches is a version of a StatefulSet or DaemonSet: the workload, and the
// controller-revision-hash.
func OfBatches(namespace, kind, name, hash string) Version {
	return Version{namespace: namespace, label: appsv1.ControllerRevisionHashLabelKey, hash: hash, kind: kind, name: name}
}

// Unwell says what is wrong with a version's pods. Nobody waits for it: what cannot be
// read within a second is left out.
func Unwell(ctx context.Context, c client.Reader, of Version) string {
	if of.hash == "" {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var list corev1.PodList
	if c.List(ctx, &list, client.InNamespace(of.namespace), client.MatchingLabels{of.label: of.hash}, client.Limit(maxPods)) != nil {
		return ""
	}
	return diagnosis.Of(list.Items, of.kind, of.name)
}
