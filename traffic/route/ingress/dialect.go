// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ingress

import (
	"fmt"
	"slices"
	"strings"

	"github.com/evenkeel-dev/evenkeel/traffic/route"
)

// dialects are the words in which controllers are told to divide traffic, by the
// controller of an IngressClass.
var dialects = []struct {
	// class is what the class is usually named.
	class       string
	controllers []string
	renderer    route.Renderer
}{
	// Traefik's provider for these Ingresses answers to the same controller.
	{"nginx", []string{"k8s.io/ingress-nginx"}, nginx{}},
	{"higress", []string{"higress.io/higress-controller"}, nginx{}},
	{"mse", []string{"mse.alibabacloud.com/ingress"}, nginx{}},
}

// For gives the renderer of Ingresses with a controller. It fails for one that
// cannot weigh, or whose words nobody has written down here.
func For(controller string) (route.Renderer, error) {
	for _, one := range dialects {
		if slices.Contains(one.controllers, controller) {
			return one.renderer, nil
		}
	}
	if controller == "" {
		return nil, fmt.Errorf("it has no class, so no controller is known that could divide its traffic; write spec.ingressClassName")
	}
	return nil, fmt.Errorf("its controller %q is not known to divide traffic; those that are: %s. An HTTPRoute is divided by every controller", controller, strings.Join(Controllers(), ", "))
}

// Controllers lists the controllers that can be told to divide traffic.
func Controllers() []string {
	var out []string
	for _, one := range dialects {
		out = append(out, one.controllers...)
	}
	return out
}

// Usual is the controller that a class usually has, empty where none is known.
func Usual(class string) string {
	for _, one := range dialects {
		if one.class == class {
			return one.controllers[0]
		}
	}
	return ""
}

// services lists the Services that an Ingress leads to, each once, in their order.
func services(own route.Object) []string {
	var names []string
	add := func(backend any) {
		if name := serviceOf(backend); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	add(route.Dig(own, "spec", "defaultBackend"))
	for _, rule := range rulesOf(own) {
		for _, path := range pathsOf(rule) {
			add(route.Dig(path, "backend"))
		}
	}
	return names
}

func serviceOf(backend any) string {
	name, _ := route.Dig(backend, "service", "name").(string)
	return name
}

func rulesOf(own route.Object) []any {
	rules, _ := route.Dig(own, "spec", "rules").([]any)
	return rules
}

func pathsOf(rule any) []any {
	paths, _ := route.Dig(rule, "http", "paths").([]any)
	return paths
}

// leading gives an Ingress's rules with the paths alone that lead to a share's
// Service, led to its canary.
func leading(own route.Object, share route.Share) []any {
	var rules []any
	for _, rule := range rulesOf(own) {
		var paths []any
		for _, path := range pathsOf(rule) {
			if serviceOf(route.Dig(path, "backend")) == share.Service {
				paths = append(paths, route.With(path, share.Canary, "backend", "service", "name"))
			}
		}
		if len(paths) > 0 {
			rules = append(rules, route.With(rule, paths, "http", "paths"))
		}
	}
	return rules
}
