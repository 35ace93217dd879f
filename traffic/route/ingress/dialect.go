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
	// The second is that of EKS Auto Mode.
	{"alb", []string{"ingress.k8s.aws/alb", "eks.amazonaws.com/alb"}, alb{}},
	// Skipper reads the name of a class and no IngressClass; those who make one write this.
	{"skipper", []string{"zalando.org/skipper"}, skipper{}},
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

// unmirrored refuses a split that mirrors: no annotation of a controller here
// sends copies to a canary's Service alone.
func unmirrored(split route.Split) error {
	for _, share := range split.Shares {
		if share.Mirror > 0 {
			return fmt.Errorf("an Ingress has no words for a mirror to the canary of Service %q; an HTTPRoute has, where its GatewayClass supports HTTPRouteRequestMirror", share.Service)
		}
	}
	return nil
}

// services lists the Services that an Ingress leads to, each once, in their order.
func services(own route.Object) []string {
	var names []string
	for _, backend := range backends(own) {
		if name := serviceOf(backend); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// backends lists where an Ingress leads to: its defaultBackend first.
func backends(own route.Object) []any {
	var out []any
	if backend := route.Dig(own, "spec", "defaultBackend"); backend != nil {
		out = append(out, backend)
	}
	for _, rule := range rulesOf(own) {
		for _, path := range pathsOf(rule) {
			out = append(out, route.Dig(path, "backend"))
		}
	}
	return out
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

// beside makes an Ingress beside the user's, of the same class.
func beside(own route.Object, name string, annotations route.Object, rules []any) route.Object {
	spec := route.Object{"rules": rules}
	if class, ok := route.Dig(own, "spec", "ingressClassName").(string); ok {
		spec["ingressClassName"] = class
	} else if class, ok := route.Annotations(own)[legacyClass]; ok {
		annotations[legacyClass] = class
	}
	meta := route.Object{"name": name, "namespace": route.NamespaceOf(own)}
	if len(annotations) > 0 {
		meta["annotations"] = annotations
	}
	return route.Object{"apiVersion": route.Ingress.APIVersion(), "kind": route.Ingress.Name(), "metadata": meta, "spec": spec}
}

// annotated gives an Ingress with an annotation; empty takes it off. No
// annotations are the same as an empty map of them, as the API server has it.
func annotated(own route.Object, key, value string) route.Object {
	if value != "" {
		return route.With(own, value, "metadata", "annotations", key)
	}
	out := route.With(own, nil, "metadata", "annotations", key)
	if len(route.Annotations(out)) == 0 {
		out = route.With(out, nil, "metadata", "annotations")
	}
	return out
}

// withBackends gives an Ingress with each of its backends changed; nil leaves one as it is.
func withBackends(own route.Object, change func(backend any) any) route.Object {
	if to := change(route.Dig(own, "spec", "defaultBackend")); to != nil {
		own = route.With(own, to, "spec", "defaultBackend")
	}
	return withPaths(own, func(paths []any) []any {
		out := slices.Clone(paths)
		for i, path := range paths {
			if to := change(route.Dig(path, "backend")); to != nil {
				out[i] = route.With(path, to, "backend")
			}
		}
		return out
	})
}

// withPaths gives an Ingress with the paths of each rule changed.
func withPaths(own route.Object, change func(paths []any) []any) route.Object {
	rules := slices.Clone(rulesOf(own))
	for i, rule := range rules {
		if paths := pathsOf(rule); len(paths) > 0 {
			rules[i] = route.With(rule, change(paths), "http", "paths")
		}
	}
	if len(rules) == 0 {
		return own
	}
	return route.With(own, rules, "spec", "rules")
}
