// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"cmp"
	"context"
	"errors"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// Neighbours reads what is around a Deployment, from informers alone. A kind
// that cannot be read is unknown, and the checks that need it say so. Routes are
// looked at only for a strategy that divides traffic.
func (r Reader) Neighbours(ctx context.Context, d *appsv1.Deployment, p policy.Rollout) policy.Neighbours {
	n := policy.Neighbours{Unknown: map[policy.Kind]string{}}
	for kind, read := range map[policy.Kind]func() error{
		policy.Services: func() (err error) { n.Services, err = r.Services(ctx, d.Namespace, d.Spec.Template.Labels); return err },
		policy.Budgets:  func() (err error) { n.Budgets, err = r.budgets(ctx, d); return err },
		policy.Scalers:  func() (err error) { n.Scalers, err = r.scalers(ctx, d); return err },
		policy.Quotas:   func() (err error) { n.Quotas, err = r.quotas(ctx, d.Namespace); return err },
		policy.Claims:   func() (err error) { n.Claims, err = r.claims(ctx, d); return err },
	} {
		if err := r.warm(kind, read); err != nil {
			n.Unknown[kind] = err.Error()
		}
	}
	if Divides(p.Strategy) && n.Unknown[policy.Services] == "" {
		if err := r.warm(policy.Routes, func() (err error) { n.Routes, err = r.routes(ctx, d, n.Services, p); return err }); err != nil {
			n.Unknown[policy.Routes] = err.Error()
		}
	}
	for _, kind := range r.Unasked {
		n.Unknown[kind] = ""
	}
	return n
}

// warm reads a kind whose cache is filled.
func (r Reader) warm(kind policy.Kind, read func() error) error {
	if r.Filled != nil && !r.Filled(kind) {
		return errors.New("their cache is not filled")
	}
	return read()
}

// listed lists the objects of a namespace that a test holds for, by name. They
// are the cache's own: nobody may change them.
func listed[T any](ctx context.Context, c client.Reader, namespace string, list client.ObjectList, items func() []T, name func(*T) string, holds func(*T) bool) ([]T, error) {
	if err := c.List(ctx, list, client.InNamespace(namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, errors.New("they cannot be listed")
	}
	var out []T
	for _, item := range items() {
		if holds(&item) {
			out = append(out, item)
		}
	}
	slices.SortFunc(out, func(a, b T) int { return cmp.Compare(name(&a), name(&b)) })
	return out, nil
}

func (r Reader) budgets(ctx context.Context, d *appsv1.Deployment) ([]policyv1.PodDisruptionBudget, error) {
	var list policyv1.PodDisruptionBudgetList
	return listed(ctx, r.Near, d.Namespace, &list, func() []policyv1.PodDisruptionBudget { return list.Items },
		func(b *policyv1.PodDisruptionBudget) string { return b.Name },
		func(b *policyv1.PodDisruptionBudget) bool {
			selector, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
			return err == nil && selector.Matches(labels.Set(d.Spec.Template.Labels))
		})
}

func (r Reader) scalers(ctx context.Context, d *appsv1.Deployment) ([]autoscalingv2.HorizontalPodAutoscaler, error) {
	var list autoscalingv2.HorizontalPodAutoscalerList
	return listed(ctx, r.Near, d.Namespace, &list, func() []autoscalingv2.HorizontalPodAutoscaler { return list.Items },
		func(h *autoscalingv2.HorizontalPodAutoscaler) string { return h.Name },
		func(h *autoscalingv2.HorizontalPodAutoscaler) bool {
			return h.Spec.ScaleTargetRef.Kind == "Deployment" && h.Spec.ScaleTargetRef.Name == d.Name
		})
}

func (r Reader) quotas(ctx context.Context, namespace string) ([]corev1.ResourceQuota, error) {
	var list corev1.ResourceQuotaList
	return listed(ctx, r.Near, namespace, &list, func() []corev1.ResourceQuota { return list.Items },
		func(q *corev1.ResourceQuota) string { return q.Name }, func(*corev1.ResourceQuota) bool { return true })
}

func (r Reader) claims(ctx context.Context, d *appsv1.Deployment) ([]corev1.PersistentVolumeClaim, error) {
	mounted := map[string]bool{}
	for _, volume := range d.Spec.Template.Spec.Volumes {
		if volume.PersistentVolumeClaim != nil {
			mounted[volume.PersistentVolumeClaim.ClaimName] = true
		}
	}
	if len(mounted) == 0 {
		return nil, nil
	}
	var list corev1.PersistentVolumeClaimList
	return listed(ctx, r.Near, d.Namespace, &list, func() []corev1.PersistentVolumeClaim { return list.Items },
		func(c *corev1.PersistentVolumeClaim) string { return c.Name },
		func(c *corev1.PersistentVolumeClaim) bool { return mounted[c.Name] })
}
