// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/evenkeel-dev/evenkeel/traffic/analysis"
	"github.com/evenkeel-dev/evenkeel/traffic/diagnosis/live"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
	"github.com/evenkeel-dev/evenkeel/traffic/route/kinds"
)

// cluster reads what a measurement needs, from the API server: it is little, and
// none of it is worth a cache.
type cluster struct {
	live client.Reader
	// secretsIn is the namespace of the Secrets that analyses name.
	secretsIn string
}

// pods lists those of a version: of a Deployment those of its ReplicaSet, of other
// workloads those of its ControllerRevision.
func (c cluster) pods(ctx context.Context, q analysis.Question, v rollout.Version) ([]corev1.Pod, error) {
	pods, err := live.Of(q.Namespace, q.Kind, q.Deployment, v).Pods(ctx, c.live)
	if err != nil {
		return nil, fmt.Errorf("cannot list the pods of %s: %w", v.ReplicaSet, err)
	}
	return pods, nil
}

// around is what a built-in query has to know.
func (c cluster) around(ctx context.Context, q analysis.Question) (analysis.Around, error) {
	controller, err := c.controller(ctx, q)
	out := analysis.Around{Controller: controller, Addresses: map[analysis.Version][]string{}}
	if err != nil {
		return out, err
	}
	if out.Ports, err = c.ports(ctx, q); err != nil {
		return out, err
	}
	for version, of := range map[analysis.Version]rollout.Version{analysis.Canary: q.State.Canary, analysis.Stable: q.State.Stable} {
		if out.Addresses[version], err = c.clusterIPs(ctx, q.Namespace, q.Services(version)); err != nil {
			return out, err
		}
		pods, err := c.pods(ctx, q, of)
		if err != nil {
			return out, err
		}
		for i := range pods {
			if address := pods[i].Status.PodIP; address != "" {
				out.Addresses[version] = append(out.Addresses[version], address)
			}
		}
	}
	return out, nil
}

// clusterIPs are the addresses of Services, which are none where they are headless
// or gone.
func (c cluster) clusterIPs(ctx context.Context, namespace string, services []string) (out []string, err error) {
	for _, name := range services {
		var service corev1.Service
		err := c.live.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &service)
		if client.IgnoreNotFound(err) != nil {
			return nil, fmt.Errorf("cannot get Service %q: %w", name, err)
		}
		for _, address := range service.Spec.ClusterIPs {
			if address != corev1.ClusterIPNone {
				out = append(out, address)
			}
		}
	}
	return out, nil
}

// ports are those by which the divided Ingresses lead to the Services.
func (c cluster) ports(ctx context.Context, q analysis.Question) (out []string, err error) {
	for _, text := range q.State.Routes {
		ref, err := route.ParseRef(text)
		if err != nil || ref.Kind != route.Ingress {
			continue
		}
		var ingress networkingv1.Ingress
		if err := c.get(ctx, ref.Words(), q.Namespace, ref.Name, &ingress); err != nil {
			return nil, err
		}
		for _, backend := range backends(ingress.Spec) {
			port := cmp.Or(backend.Port.Name, strconv.Itoa(int(backend.Port.Number)))
			if slices.Contains(q.State.Backends, backend.Name) && !slices.Contains(out, port) {
				out = append(out, port)
			}
		}
	}
	return out, nil
}

// backends are the Services that an Ingress leads to.
func backends(spec networkingv1.IngressSpec) (out []networkingv1.IngressServiceBackend) {
	if spec.DefaultBackend != nil && spec.DefaultBackend.Service != nil {
		out = append(out, *spec.DefaultBackend.Service)
	}
	for _, rule := range spec.Rules {
		if rule.HTTP == nil {
			continue
		}
		for _, path := range rule.HTTP.Paths {
			if path.Backend.Service != nil {
				out = append(out, *path.Backend.Service)
			}
		}
	}
	return out
}

// controller is that of the class which serves the rollout's first route.
func (c cluster) controller(ctx context.Context, q analysis.Question) (string, error) {
	if len(q.State.Routes) == 0 {
		return "", errors.New("a built-in query counts the requests of a route, and no route is divided here: give the analysis a query of its own")
	}
	ref, err := route.ParseRef(q.State.Routes[0])
	if err != nil {
		return "", err
	}
	if ref.Kind == route.Ingress {
		return c.ingressController(ctx, q.Namespace, ref)
	}
	return c.gatewayController(ctx, q.Namespace, ref)
}

func (c cluster) ingressController(ctx context.Context, namespace string, ref route.Ref) (string, error) {
	var ingress networkingv1.Ingress
	if err := c.get(ctx, ref.Words(), namespace, ref.Name, &ingress); err != nil {
		return "", err
	}
	var classes networkingv1.IngressClassList
	if err := c.live.List(ctx, &classes); err != nil {
		return "", fmt.Errorf("cannot list IngressClasses: %w", err)
	}
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&ingress)
	if err != nil {
		return "", fmt.Errorf("cannot read %s: %w", ref.Words(), err)
	}
	return kinds.Controller(object, classes.Items), nil
}

func (c cluster) gatewayController(ctx context.Context, namespace string, ref route.Ref) (string, error) {
	parents, err := c.parents(ctx, namespace, ref)
	if err != nil {
		return "", err
	}
	for _, parent := range parents {
		if parent.Kind != nil && *parent.Kind != "Gateway" {
			continue
		}
		if parent.Namespace != nil {
			namespace = string(*parent.Namespace)
		}
		var gateway gatewayv1.Gateway
		if err := c.get(ctx, "Gateway", namespace, string(parent.Name), &gateway); err != nil {
			return "", err
		}
		var class gatewayv1.GatewayClass
		err := c.get(ctx, "GatewayClass", "", string(gateway.Spec.GatewayClassName), &class)
		return string(class.Spec.ControllerName), err
	}
	return "", fmt.Errorf("%s has no Gateway, so nobody knows how its requests are counted: give the analysis a query of its own", ref.Words())
}

func (c cluster) parents(ctx context.Context, namespace string, ref route.Ref) ([]gatewayv1.ParentReference, error) {
	if ref.Kind == route.GRPCRoute {
		var object gatewayv1.GRPCRoute
		err := c.get(ctx, ref.Words(), namespace, ref.Name, &object)
		return object.Spec.ParentRefs, err
	}
	var object gatewayv1.HTTPRoute
	err := c.get(ctx, ref.Words(), namespace, ref.Name, &object)
	return object.Spec.ParentRefs, err
}

func (c cluster) get(ctx context.Context, what, namespace, name string, into client.Object) error {
	if err := c.live.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, into); err != nil {
		return fmt.Errorf("cannot get %s: %w", what, err)
	}
	return nil
}

// secret reads one key of a Secret.
func (c cluster) secret(ctx context.Context, name, key string) ([]byte, error) {
	var object corev1.Secret
	if err := c.live.Get(ctx, client.ObjectKey{Namespace: c.secretsIn, Name: name}, &object); err != nil {
		return nil, fmt.Errorf("cannot get Secret %q (is it among the chart's analysis.secrets?): %w", name, err)
	}
	if len(object.Data[key]) == 0 {
		return nil, fmt.Errorf("key %q is not in Secret %q", key, name)
	}
	return object.Data[key], nil
}
