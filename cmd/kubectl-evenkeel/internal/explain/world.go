// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/webhook/offline"
)

// World is what a manifest is applied to, as far as a person may read it.
type World struct {
	Policies *config.Store
	Objects  *offline.World
	Unknown  []policy.Kind
	// Notes say what could not be read, and what that means.
	Notes []string
}

func (w *World) note(format string, args ...any) {
	w.Notes = append(w.Notes, fmt.Sprintf(format, args...))
}

// readPolicies reads the policy in force: the cluster's, and the namespace's own.
func (w *World) readPolicies(ctx context.Context, c client.Reader, key client.ObjectKey, namespace string) {
	var object corev1.ConfigMap
	err := c.Get(ctx, key, &object)
	switch {
	case apierrors.IsNotFound(err):
		w.note("there is no policy %s: the built-in one is taken", key)
	case err != nil:
		w.note("the policy cannot be read, the built-in one is taken (name another with --policy): %v", err)
	default:
		if err := w.Policies.Offer([]byte(object.Data[config.PolicyKey])); err != nil {
			w.note("the cluster's policy does not load, the built-in one is taken: %v", err)
		}
	}
	var local corev1.ConfigMapList
	if err := c.List(ctx, &local, client.InNamespace(namespace), client.MatchingLabels{config.PolicyLabel: config.OfNamespace}); err != nil {
		w.note("the namespace's own policy is not known: %v", err)
		return
	}
	for i := range local.Items {
		if err := w.Policies.OfferLocal(namespace, local.Items[i].Name, []byte(local.Items[i].Data[config.PolicyKey])); err != nil {
			w.note("the namespace's policy %q does not load: %v", local.Items[i].Name, err)
		}
	}
}

// Read reads the policy and what is around in a namespace. Objects that are applied
// too take the place of those that are there.
func Read(ctx context.Context, c client.Reader, policyKey client.ObjectKey, namespace string, applied []client.Object) *World {
	w := &World{Policies: config.NewStore(), Objects: offline.NewWorld()}
	w.readPolicies(ctx, c, policyKey, namespace)
	w.readNamespace(ctx, c, namespace)
	for _, object := range applied {
		if _, workload := object.(*appsv1.Deployment); !workload && object.GetNamespace() != "" {
			w.Objects.Add(object)
		}
	}
	for _, one := range []struct {
		kind policy.Kind
		list client.ObjectList
		in   string
	}{
		{"", &appsv1.ReplicaSetList{}, namespace},
		{policy.Services, &corev1.ServiceList{}, namespace},
		{policy.Budgets, &policyv1.PodDisruptionBudgetList{}, namespace},
		{policy.Scalers, &autoscalingv2.HorizontalPodAutoscalerList{}, namespace},
		{policy.Quotas, &corev1.ResourceQuotaList{}, namespace},
		{policy.Claims, &corev1.PersistentVolumeClaimList{}, namespace},
		{policy.Routes, &networkingv1.IngressList{}, namespace},
		{policy.Routes, &gatewayv1.HTTPRouteList{}, namespace},
		{policy.Routes, &gatewayv1.GRPCRouteList{}, namespace},
		{policy.Routes, &networkingv1.IngressClassList{}, ""},
		{policy.Gateways, &gatewayv1.GatewayList{}, ""},
		{policy.GatewayClasses, &gatewayv1.GatewayClassList{}, ""},
	} {
		w.add(ctx, c, one.kind, one.list, one.in, applied)
	}
	return w
}

// add puts the objects of a kind into the world, or notes that they are unknown.
// Of a kind that the cluster does not have there are none.
func (w *World) add(ctx context.Context, c client.Reader, kind policy.Kind, list client.ObjectList, namespace string, applied []client.Object) {
	err := c.List(ctx, list, client.InNamespace(namespace))
	if meta.IsNoMatchError(err) {
		return
	}
	if err != nil {
		if kind != "" && !slices.Contains(w.Unknown, kind) {
			w.Unknown = append(w.Unknown, kind)
		}
		w.note("what needs these is not checked: %v", err)
		return
	}
	items, err := meta.ExtractList(list)
	if err != nil {
		w.note("what needs these is not checked: %v", err)
		return
	}
	for _, item := range items {
		object := item.(client.Object)
		if !slices.ContainsFunc(applied, func(new client.Object) bool { return same(new, object) }) {
			w.Objects.Add(object)
		}
	}
}

func same(a, b client.Object) bool {
	return reflect.TypeOf(a) == reflect.TypeOf(b) && client.ObjectKeyFromObject(a) == client.ObjectKeyFromObject(b)
}

func (w *World) readNamespace(ctx context.Context, c client.Reader, name string) {
	namespace := &corev1.Namespace{}
	if err := c.Get(ctx, client.ObjectKey{Name: name}, namespace); err != nil {
		w.note("the namespace's labels are not known, rules that select by them are left out: %v", err)
		namespace = &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	}
	w.Objects.Add(namespace)
}

// Live reads what runs under a Deployment's name; nil where nothing does.
func (w *World) Live(ctx context.Context, c client.Reader, d *appsv1.Deployment) (*appsv1.Deployment, error) {
	var live appsv1.Deployment
	err := c.Get(ctx, client.ObjectKeyFromObject(d), &live)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if apierrors.IsForbidden(err) {
		w.note("what runs cannot be read, so the Deployment is explained as a new one: %v", err)
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read what runs: %w", err)
	}
	return &live, nil
}
