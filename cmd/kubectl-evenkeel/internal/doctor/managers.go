// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// ours are the labels of what the chart installs.
var ours = client.MatchingLabels{"app.kubernetes.io/name": "evenkeel"}

// managers looks whether the replicas of the manager are ready, and of one version.
func managers(ctx context.Context, d *Doctor) []Finding {
	const about = "manager"
	var list appsv1.DeploymentList
	if err := d.Client.List(ctx, &list, client.InNamespace(d.Namespace), ours); err != nil {
		return []Finding{unread(about, err)}
	}
	if len(list.Items) == 0 {
		return []Finding{{
			Fail, about, fmt.Sprintf("no Deployment with label app.kubernetes.io/name=evenkeel is in namespace %q", d.Namespace),
			"helm install evenkeel charts/evenkeel -n " + d.Namespace + " --create-namespace    # or say where it is: --evenkeel-namespace",
		}}
	}
	var out []Finding
	for i := range list.Items {
		out = append(out, manager(&list.Items[i]))
	}
	var pods corev1.PodList
	if err := d.Client.List(ctx, &pods, client.InNamespace(d.Namespace), ours); err != nil {
		return append(out, unread("manager's pods", err))
	}
	return append(out, versions(d.Namespace, pods.Items))
}

func manager(m *appsv1.Deployment) Finding {
	about := "manager " + m.Name
	asked, ready := ptr.Deref(m.Spec.Replicas, 1), m.Status.ReadyReplicas
	logs := fmt.Sprintf("kubectl -n %s logs deployment/%s --all-pods --tail=50", m.Namespace, m.Name)
	switch {
	case ready == 0:
		return Finding{Fail, about, fmt.Sprintf("none of %d replicas is ready: nothing in flight moves, and what opted in to a strategy cannot be applied", asked), logs}
	case ready < asked:
		return Finding{Warn, about, fmt.Sprintf("%d of %d replicas are ready", ready, asked), logs}
	case asked == 1:
		return Finding{Warn, about, "it has one replica: while it is away, what opted in to a strategy cannot be applied", fmt.Sprintf("kubectl -n %s scale deployment/%s --replicas=2", m.Namespace, m.Name)}
	default:
		return Finding{OK, about, fmt.Sprintf("%d of %d replicas are ready", ready, asked), ""}
	}
}

// versions tells the images that run; two of them are an upgrade, or one that stuck.
func versions(namespace string, pods []corev1.Pod) Finding {
	const about = "manager's version"
	var images []string
	for _, pod := range pods {
		for _, container := range pod.Spec.Containers {
			if pod.DeletionTimestamp == nil && container.Name == "manager" && !slices.Contains(images, container.Image) {
				images = append(images, container.Image)
			}
		}
	}
	slices.Sort(images)
	switch len(images) {
	case 0:
		return Finding{Fail, about, "it has no pods", "kubectl -n " + namespace + " get events"}
	case 1:
		return Finding{OK, about, images[0], ""}
	default:
		return Finding{Warn, about, "several run: " + strings.Join(images, ", "), "kubectl -n " + namespace + " rollout status deployment -l app.kubernetes.io/name=evenkeel"}
	}
}
