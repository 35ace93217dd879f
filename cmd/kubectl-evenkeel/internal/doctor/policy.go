// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/config"
)

// policies looks whether the policy loads, and those of namespaces.
func policies(ctx context.Context, d *Doctor) []Finding {
	return append([]Finding{clusterPolicy(ctx, d)}, localPolicies(ctx, d)...)
}

func clusterPolicy(ctx context.Context, d *Doctor) Finding {
	about := fmt.Sprintf("policy %s/%s", d.Namespace, d.Policy)
	var object corev1.ConfigMap
	err := d.Client.Get(ctx, client.ObjectKey{Namespace: d.Namespace, Name: d.Policy}, &object)
	if apierrors.IsNotFound(err) {
		return Finding{Warn, about, "there is none: the built-in defaults are in force", ""}
	}
	if err != nil {
		return unread(about, err)
	}
	set, err := config.Load([]byte(object.Data[config.PolicyKey]))
	if err != nil {
		return Finding{Fail, about, "it does not load, so the last good one stays in force: " + err.Error(), fmt.Sprintf("kubectl -n %s edit configmap %s", d.Namespace, d.Policy)}
	}
	return Finding{OK, about, fmt.Sprintf("it loads, %d rules", len(set.Rules)), ""}
}

// localPolicies says something of those that do not load alone.
func localPolicies(ctx context.Context, d *Doctor) []Finding {
	const about = "namespaces' policies"
	var list corev1.ConfigMapList
	if err := d.Client.List(ctx, &list, client.MatchingLabels{config.PolicyLabel: config.OfNamespace}); err != nil {
		return []Finding{unread(about, err)}
	}
	var out []Finding
	for i := range list.Items {
		one := &list.Items[i]
		if _, err := config.LoadLocal([]byte(one.Data[config.PolicyKey])); err != nil {
			out = append(out, Finding{Fail, about, fmt.Sprintf("%s/%s does not load: %v", one.Namespace, one.Name, err), fmt.Sprintf("kubectl -n %s edit configmap %s", one.Namespace, one.Name)})
		}
	}
	if len(list.Items) > 0 && len(out) == 0 {
		out = append(out, Finding{OK, about, fmt.Sprintf("%d, all of them load", len(list.Items)), ""})
	}
	return out
}
