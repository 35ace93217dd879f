// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/gateway-api/pkg/features"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
	"github.com/evenkeel-dev/evenkeel/traffic/route/gateway"
)

// Unmirrored says which of the routes that lead to a Deployment's Services cannot
// mirror, or is not known to. Files do not say what a gateway supports: they are not
// asked.
func (r Reader) Unmirrored(ctx context.Context, d *appsv1.Deployment, podLabels map[string]string, p policy.Rollout, percent int) string {
	for _, kind := range []policy.Kind{policy.Services, policy.Routes, policy.Gateways, policy.GatewayClasses} {
		if slices.Contains(r.Unasked, kind) {
			return ""
		}
	}
	services, err := r.Services(ctx, d.Namespace, podLabels)
	if err != nil {
		return fmt.Sprintf("Services are not known: %v", err)
	}
	names := make([]string, len(services))
	for i := range services {
		names[i] = services[i].Name
	}
	all, err := r.leading(ctx, d, names, p)
	if err != nil {
		return err.Error()
	}
	if len(all) == 0 {
		return "no route leads to its Services, and it is a route that mirrors"
	}
	for _, one := range all {
		if why := r.cannotMirror(ctx, one, share(d.Name, p.Match, percent)); why != "" {
			return why
		}
	}
	return ""
}

// cannotMirror says why one of the routes cannot mirror.
func (r Reader) cannotMirror(ctx context.Context, one found, share func(string) route.Share) string {
	if one.problem != "" {
		return one.problem
	}
	renderer, _, err := r.Renderer(ctx, one.ref.Kind, one.object)
	if err != nil {
		return err.Error()
	}
	carried, err := route.Parse(text(one.object, route.SplitAnnotation))
	if err != nil {
		return err.Error()
	}
	split := carried
	for _, service := range one.services {
		split = split.With(share(service))
	}
	rendering, err := renderer.Render(renderer.Restore(one.object, carried), split)
	if err != nil {
		return fmt.Sprintf("%s: %v", one.ref.Words(), err)
	}
	if why := r.unsupported(ctx, one.ref.Kind, rendering.Shown, gateway.Features(rendering.Shown, rendering.Split)); why != "" {
		return fmt.Sprintf("%s: %s", one.ref.Words(), why)
	}
	return ""
}

// NewMirror says why a write of a route may not bring the mirror that a rendering
// shows; empty where it brings none, or one that the route has had at the same parents.
func (r Reader) NewMirror(ctx context.Context, kind route.Kind, old route.Object, before route.Split, now route.Rendering) string {
	needs := gateway.Features(now.Shown, now.Split)
	sameParents := reflect.DeepEqual(route.Dig(old, "spec", "parentRefs"), route.Dig(now.Shown, "spec", "parentRefs"))
	if len(needs) == 0 || (sameParents && slices.Equal(needs, gateway.Features(old, before))) {
		return ""
	}
	return r.unsupported(ctx, kind, now.Shown, needs)
}

// unsupported says which parent of a route is not known to support what it needs.
func (r Reader) unsupported(ctx context.Context, kind route.Kind, shown route.Object, needs []features.FeatureName) string {
	if len(needs) == 0 {
		return ""
	}
	if kind != route.HTTPRoute {
		return fmt.Sprintf("the Gateway API has no name for mirroring by a %s, so no GatewayClass can say that it does; an HTTPRoute leads gRPC, too", kind.Name())
	}
	parents, _ := route.Dig(shown, "spec", "parentRefs").([]any)
	if len(parents) == 0 {
		return "it has no parent, so no GatewayClass says whether it mirrors"
	}
	for _, parent := range parents {
		if why := r.parentLacks(ctx, parent, route.NamespaceOf(shown), needs); why != "" {
			return why
		}
	}
	return ""
}

// parentLacks says what one parent is not known to support.
func (r Reader) parentLacks(ctx context.Context, parent any, namespace string, needs []features.FeatureName) string {
	word := func(key, otherwise string) string {
		if value, set := route.Dig(parent, key).(string); set {
			return value
		}
		return otherwise
	}
	key := client.ObjectKey{Namespace: word("namespace", namespace), Name: word("name", "")}
	if kind := word("kind", "Gateway"); kind != "Gateway" || word("group", gatewayv1.GroupName) != gatewayv1.GroupName {
		return fmt.Sprintf("its parent %s %q is no Gateway, so no GatewayClass says whether it mirrors", kind, key.Name)
	}
	var parentGateway gatewayv1.Gateway
	if why := r.beside(ctx, policy.Gateways, key, &parentGateway); why != "" {
		return fmt.Sprintf("its parent Gateway %q %s", key, why)
	}
	var class gatewayv1.GatewayClass
	name := string(parentGateway.Spec.GatewayClassName)
	if why := r.beside(ctx, policy.GatewayClasses, client.ObjectKey{Name: name}, &class); why != "" {
		return fmt.Sprintf("GatewayClass %q of its parent %q %s", name, key, why)
	}
	for _, need := range needs {
		if !slices.Contains(class.Status.SupportedFeatures, gatewayv1.SupportedFeature{Name: gatewayv1.FeatureName(need)}) {
			return fmt.Sprintf("GatewayClass %q of its parent %q does not list %s in status.supportedFeatures", name, key, need)
		}
	}
	return ""
}

// beside reads one object whose kind nothing waits for, or says why it is not known.
func (r Reader) beside(ctx context.Context, kind policy.Kind, key client.ObjectKey, into client.Object) string {
	if r.Filled != nil && !r.Filled(kind) {
		return fmt.Sprintf("is not known: the cache of %s is not filled", kind)
	}
	switch err := r.Near.Get(ctx, key, into); {
	case apierrors.IsNotFound(err):
		return "does not exist"
	case err != nil:
		return fmt.Sprintf("cannot be read: %v", err)
	}
	return ""
}
