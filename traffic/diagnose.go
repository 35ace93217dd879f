// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"context"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/traffic/diagnosis"
)

// The bounds of a look at the pods that a rollout goes back from.
const (
	diagnosisTime = time.Second
	diagnosisPods = 500
)

// versionPods are the pods of a version: by their label, and by who controls them.
type versionPods struct{ namespace, label, hash, kind, name string }

// diagnose says what is wrong with a version's pods. The cache knows of pods only
// whether they are ready, so this asks the API server, once a way back. Going back
// does not wait for its reason: what cannot be read soon is left out.
func (r *Reconciler) diagnose(ctx context.Context, of versionPods) string {
	if of.hash == "" {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, diagnosisTime)
	defer cancel()
	var list corev1.PodList
	if r.live.List(ctx, &list, client.InNamespace(of.namespace), client.MatchingLabels{of.label: of.hash}, client.Limit(diagnosisPods)) != nil {
		return ""
	}
	return diagnosis.Of(slices.DeleteFunc(list.Items, func(pod corev1.Pod) bool {
		owner := metav1.GetControllerOfNoCopy(&pod)
		return owner == nil || owner.Kind != of.kind || owner.Name != of.name
	}))
}
