// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// mark is on everything that a run makes, with what it is for.
const mark = "bench.evenkeel.dev/scale"

const (
	writers   = 16
	container = "app"
)

// names are those of the object with a number, which Deployment, Service and
// route share. The canaries are spread over all namespaces.
func (o options) names(i int) (namespace, name string) {
	return fmt.Sprintf("scale-%03d", i%o.namespaces()), fmt.Sprintf("app-%05d", i)
}

// namespaces is how many there are.
func (o options) namespaces() int { return (o.deployments + o.perNamespace - 1) / o.perNamespace }

// role is what the object with a number is for.
func (o options) role(i int) string {
	if i < o.canaries {
		return "canary"
	}
	return "rest"
}

// deployment has one pod where it is to be released, and none where it rests.
func (o options) deployment(i int) *appsv1.Deployment {
	namespace, name := o.names(i)
	app := map[string]string{"app": name}
	replicas := int32(0)
	if i < o.canaries {
		replicas = 1
	}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: name, Labels: map[string]string{mark: o.role(i)},
			Annotations: map[string]string{rollout.StrategyAnnotation: rollout.Canary, rollout.StepsAnnotation: o.steps},
		},
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To(replicas), Selector: &metav1.LabelSelector{MatchLabels: app},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: app},
				Spec: corev1.PodSpec{
					NodeName:   nodeName(i), // the scheduler is not what is measured
					Containers: []corev1.Container{{Name: container, Image: "registry.example/app:v1", Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}}}},
				},
			},
		},
	}
}

// service is one that kube-proxy leaves alone: nobody calls it.
func (o options) service(i int) *corev1.Service {
	namespace, name := o.names(i)
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{mark: o.role(i), "service.kubernetes.io/service-proxy-name": "none"}},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"app": name},
			Ports:    []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromString("http")}},
		},
	}
}

func (o options) route(i int) *gatewayv1.HTTPRoute {
	namespace, name := o.names(i)
	backend := gatewayv1.HTTPBackendRef{BackendRef: gatewayv1.BackendRef{
		BackendObjectReference: gatewayv1.BackendObjectReference{Name: gatewayv1.ObjectName(name), Port: ptr.To[gatewayv1.PortNumber](80)},
	}}
	return &gatewayv1.HTTPRoute{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{mark: o.role(i)}},
		Spec: gatewayv1.HTTPRouteSpec{
			CommonRouteSpec: gatewayv1.CommonRouteSpec{ParentRefs: []gatewayv1.ParentReference{{Name: parent}}},
			Hostnames:       []gatewayv1.Hostname{gatewayv1.Hostname(name + ".example")},
			Rules:           []gatewayv1.HTTPRouteRule{{BackendRefs: []gatewayv1.HTTPBackendRef{backend}}},
		},
	}
}

// makeObjects makes all objects, the routes and Services before their Deployments.
func (b *bench) makeObjects(ctx context.Context) error {
	for i := range b.namespaces() {
		namespace, _ := b.names(i)
		object := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace, Labels: map[string]string{mark: "namespace"}}}
		if err := b.client.Create(ctx, object); err != nil {
			return fmt.Errorf("cannot make the namespace (delete what an earlier run left: kubectl delete namespace -l %s): %w", mark, err)
		}
	}
	var made atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(writers + 1)
	group.Go(func() error {
		return b.until(ctx, time.Hour, "made", func() (int, int, error) { return int(made.Load()), b.deployments, nil })
	})
	for i := range b.deployments {
		group.Go(func() error {
			for _, object := range []client.Object{b.service(i), b.route(i), b.deployment(i)} {
				if err := b.client.Create(ctx, object); err != nil {
					return fmt.Errorf("cannot make %T %s: %w", object, object.GetName(), err)
				}
			}
			made.Add(1)
			return nil
		})
	}
	return group.Wait()
}

// settleDown waits until the stock controllers have seen everything, and are done.
func (b *bench) settleDown(ctx context.Context) error {
	if err := b.until(ctx, time.Hour, "canaries with their pod", func() (int, int, error) {
		return b.seen.ready(), b.canaries, nil
	}); err != nil {
		return err
	}
	err := b.until(ctx, time.Hour, "Deployments seen by the stock controller", func() (int, int, error) {
		var list appsv1.DeploymentList
		if err := b.client.List(ctx, &list, client.HasLabels{mark}, &client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: "0"}}); err != nil {
			return 0, 0, err
		}
		seen := 0
		for i := range list.Items {
			if list.Items[i].Status.ObservedGeneration >= list.Items[i].Generation {
				seen++
			}
		}
		return seen, b.deployments, pause(ctx, time.Duration(len(list.Items))*time.Millisecond)
	})
	if err != nil {
		return err
	}
	return pause(ctx, 10*time.Second)
}

// clean deletes what the run made, and waits for it.
func (b *bench) clean(ctx context.Context) error {
	b.say("deleting what was made")
	gone := client.PropagationPolicy("Background")
	return b.until(ctx, 30*time.Minute, "namespaces deleted", func() (int, int, error) {
		var list corev1.NamespaceList
		if err := b.client.List(ctx, &list, client.MatchingLabels{mark: "namespace"}); err != nil {
			return 0, 0, err
		}
		for i := range list.Items {
			if list.Items[i].DeletionTimestamp != nil {
				continue
			}
			if err := client.IgnoreNotFound(b.client.Delete(ctx, &list.Items[i], gone)); err != nil {
				return 0, 0, err
			}
		}
		all := b.namespaces()
		if len(list.Items) > 0 {
			return all - len(list.Items), all, nil
		}
		return all, all, b.client.DeleteAllOf(ctx, &corev1.Node{}, client.MatchingLabels{mark: "node"})
	})
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
