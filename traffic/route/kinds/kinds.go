// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package kinds tells which renderer a route has: by its kind, and an Ingress by
// the controller of its class.
package kinds

import (
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
	"github.com/evenkeel-dev/evenkeel/traffic/route/gateway"
	"github.com/evenkeel-dev/evenkeel/traffic/route/ingress"
)

// legacyClass names the class of an Ingress where spec.ingressClassName does not.
const legacyClass = "kubernetes.io/ingress.class"

// Renderer gives the renderer of a kind. controller is that of an Ingress's
// class, and empty for other kinds. It fails for a controller that cannot weigh.
func Renderer(kind route.Kind, controller string) (route.Renderer, error) {
	if kind == route.Ingress {
		return ingress.For(controller)
	}
	return gateway.Renderer{Kind: kind}, nil
}

// Blank is a tree of a kind to read into, or to ask for its kind.
func Blank(kind route.Kind) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	object.SetAPIVersion(kind.APIVersion())
	object.SetKind(kind.Name())
	return object
}

// BlankList is a list of trees of a kind to read into.
func BlankList(kind route.Kind) *unstructured.UnstructuredList {
	list := &unstructured.UnstructuredList{}
	list.SetAPIVersion(kind.APIVersion())
	list.SetKind(kind.Name() + "List")
	return list
}

// Services names every Service that a route may lead to, by whichever renderer.
func Services(kind route.Kind, object route.Object) []string {
	if kind != route.Ingress {
		return gateway.Renderer{Kind: kind}.Services(object)
	}
	var names []string
	for _, controller := range ingress.Controllers() {
		if renderer, err := ingress.For(controller); err == nil {
			names = append(names, renderer.Services(object)...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Controller is the controller of an Ingress's class: by its name, by the old
// annotation, or the cluster's default. A class that nobody has made is named by
// its usual controller; empty means that there is none.
func Controller(object route.Object, classes []networkingv1.IngressClass) string {
	name := Class(object)
	for i := range classes {
		class := &classes[i]
		if class.Name == name || (name == "" && class.Annotations[networkingv1.AnnotationIsDefaultIngressClass] == "true") {
			return class.Spec.Controller
		}
	}
	return ingress.Usual(name)
}

// Class is the name of an Ingress's class, as spec.ingressClassName or the old
// annotation has it; empty where it has none.
func Class(object route.Object) string {
	name, _ := route.Dig(object, "spec", "ingressClassName").(string)
	if name == "" {
		name, _ = route.Annotations(object)[legacyClass].(string)
	}
	return name
}
