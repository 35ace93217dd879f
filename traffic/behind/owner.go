// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package behind

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// replicaSetOf names the ReplicaSet of a pod, empty for a pod that is gone. That is
// the pod's name without its last part, unless the API server had to cut it to give
// the pod a name of its own: then the pod says so, in the cache or past it.
func (r Reader) replicaSetOf(ctx context.Context, pod types.NamespacedName) (string, error) {
	if len(pod.Name) < validation.DNS1123LabelMaxLength {
		if last := strings.LastIndex(pod.Name, "-"); last > 0 {
			return pod.Name[:last], nil
		}
		return pod.Name, nil // nobody's: its own name is no ReplicaSet's
	}
	var seen corev1.Pod
	for _, reader := range []client.Reader{r.Cache, r.Live} {
		switch err := reader.Get(ctx, pod, &seen); {
		case apierrors.IsNotFound(err):
			continue
		case err != nil:
			return "", fmt.Errorf("cannot get Pod %q: %w", pod.Name, err)
		}
		if owner := metav1.GetControllerOfNoCopy(&seen); owner != nil {
			return owner.Name, nil
		}
		return pod.Name, nil
	}
	return "", nil
}
