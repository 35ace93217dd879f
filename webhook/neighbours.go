// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// neighbours reads what is around a Deployment, from informers alone. A kind
// that cannot be read is unknown, and the checks that need it say so. Routes are
// looked at only for a strategy that divides traffic.
func (t topology) neighbours(ctx context.Context, d *appsv1.Deployment, divides bool) policy.Neighbours {
	n := policy.Neighbours{Unknown: map[policy.Kind]string{}}
	for kind, read := range map[policy.Kind]func() error{
		policy.Services: func() (err error) { n.Services, err = t.services(ctx, d.Namespace, d.Spec.Template.Labels); return err },
		policy.Budgets:  func() (err error) { n.Budgets, err = t.budgets(ctx, d); return err },
		policy.Scalers:  func() (err error) { n.Scalers, err = t.scalers(ctx, d); return err },
		policy.Quotas:   func() (err error) { n.Quotas, err = t.quotas(ctx, d.Namespace); return err },
		policy.Claims:   func() (err error) { n.Claims, err = t.claims(ctx, d); return err },
	} {
		if err := t.warm(kind, read); err != nil {
			n.Unknown[kind] = err.Error()
		}
	}
	if divides && n.Unknown[policy.Services] == "" {
		if err := t.warm(policy.Routes, func() (err error) { n.Routes, err = t.routes(ctx, d, n.Services); return err }); err != nil {
			n.Unknown[policy.Routes] = err.Error()
		}
	}
	for _, kind := range t.unasked {
		n.Unknown[kind] = ""
	}
	return n
}

// warm reads a kind whose cache is filled.
func (t topology) warm(kind policy.Kind, read func() error) error {
	if t.filled != nil && !t.filled(kind) {
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

func (t topology) budgets(ctx context.Context, d *appsv1.Deployment) ([]policyv1.PodDisruptionBudget, error) {
	var list policyv1.PodDisruptionBudgetList
	return listed(ctx, t.near, d.Namespace, &list, func() []policyv1.PodDisruptionBudget { return list.Items },
		func(b *policyv1.PodDisruptionBudget) string { return b.Name },
		func(b *policyv1.PodDisruptionBudget) bool {
			selector, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
			return err == nil && selector.Matches(labels.Set(d.Spec.Template.Labels))
		})
}

func (t topology) scalers(ctx context.Context, d *appsv1.Deployment) ([]autoscalingv2.HorizontalPodAutoscaler, error) {
	var list autoscalingv2.HorizontalPodAutoscalerList
	return listed(ctx, t.near, d.Namespace, &list, func() []autoscalingv2.HorizontalPodAutoscaler { return list.Items },
		func(h *autoscalingv2.HorizontalPodAutoscaler) string { return h.Name },
		func(h *autoscalingv2.HorizontalPodAutoscaler) bool {
			return h.Spec.ScaleTargetRef.Kind == "Deployment" && h.Spec.ScaleTargetRef.Name == d.Name
		})
}

func (t topology) quotas(ctx context.Context, namespace string) ([]corev1.ResourceQuota, error) {
	var list corev1.ResourceQuotaList
	return listed(ctx, t.near, namespace, &list, func() []corev1.ResourceQuota { return list.Items },
		func(q *corev1.ResourceQuota) string { return q.Name }, func(*corev1.ResourceQuota) bool { return true })
}

func (t topology) claims(ctx context.Context, d *appsv1.Deployment) ([]corev1.PersistentVolumeClaim, error) {
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
	return listed(ctx, t.near, d.Namespace, &list, func() []corev1.PersistentVolumeClaim { return list.Items },
		func(c *corev1.PersistentVolumeClaim) string { return c.Name },
		func(c *corev1.PersistentVolumeClaim) bool { return mounted[c.Name] })
}

// routes lists what leads to one of the Services, and whether it can be divided.
func (t topology) routes(ctx context.Context, d *appsv1.Deployment, services []corev1.Service) ([]policy.Route, error) {
	ours := map[string]bool{}
	for i := range services {
		ours[services[i].Name] = true
	}
	out, err := t.httpRoutes(ctx, d, ours)
	if err != nil {
		return nil, err
	}
	ingresses, err := t.ingresses(ctx, d.Namespace, ours)
	return append(out, ingresses...), err
}

func (t topology) httpRoutes(ctx context.Context, d *appsv1.Deployment, ours map[string]bool) ([]policy.Route, error) {
	var list gatewayv1.HTTPRouteList
	items, err := listed(ctx, t.cache, d.Namespace, &list, func() []gatewayv1.HTTPRoute { return list.Items },
		func(r *gatewayv1.HTTPRoute) string { return r.Name }, func(*gatewayv1.HTTPRoute) bool { return true })
	if err != nil {
		return nil, err
	}
	var out []policy.Route
	for i := range items {
		rules, err := route.Of(&items[i])
		if err != nil {
			return nil, err
		}
		found := policy.Route{Kind: "HTTPRoute", Name: items[i].Name}
		split := route.Split{Namespace: d.Namespace}
		for _, name := range route.Services(rules, d.Namespace) {
			if ours[name] {
				found.Services = append(found.Services, name)
				split = split.With(route.Share{Deployment: d.Name, Service: name, Canary: name + route.CanarySuffix})
			}
		}
		if len(found.Services) == 0 {
			continue
		}
		found.Problem = undivided(&items[i], rules, split)
		out = append(out, found)
	}
	return out, nil
}

// undivided says why a route cannot be divided; empty when it can.
func undivided(item *gatewayv1.HTTPRoute, rules []any, split route.Split) string {
	carried, err := route.Parse(item.Annotations[route.SplitAnnotation])
	if err == nil {
		_, _, err = route.Apply(route.Restore(rules, carried), split)
	}
	if err != nil {
		return fmt.Sprintf("HTTPRoute %q: %v", item.Name, err)
	}
	return ""
}

func (t topology) ingresses(ctx context.Context, namespace string, ours map[string]bool) ([]policy.Route, error) {
	var list networkingv1.IngressList
	items, err := listed(ctx, t.near, namespace, &list, func() []networkingv1.Ingress { return list.Items },
		func(i *networkingv1.Ingress) string { return i.Name }, func(*networkingv1.Ingress) bool { return true })
	var out []policy.Route
	for i := range items {
		found := policy.Route{Kind: "Ingress", Name: items[i].Name, Problem: fmt.Sprintf("Ingress %q: this version divides the traffic of HTTPRoutes alone", items[i].Name)}
		for _, name := range backends(&items[i]) {
			if ours[name] && !slices.Contains(found.Services, name) {
				found.Services = append(found.Services, name)
			}
		}
		if len(found.Services) > 0 {
			out = append(out, found)
		}
	}
	return out, err
}

// backends lists the Services that an Ingress leads to.
func backends(ingress *networkingv1.Ingress) []string {
	var out []string
	add := func(backend *networkingv1.IngressBackend) {
		if backend != nil && backend.Service != nil {
			out = append(out, backend.Service.Name)
		}
	}
	add(ingress.Spec.DefaultBackend)
	for _, rule := range ingress.Spec.Rules {
		if rule.HTTP == nil {
			continue
		}
		for i := range rule.HTTP.Paths {
			add(&rule.HTTP.Paths[i].Backend)
		}
	}
	return out
}
