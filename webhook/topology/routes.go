// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/traffic/index"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
	"github.com/evenkeel-dev/evenkeel/traffic/route/kinds"
)

// found is a route that leads to one of a Deployment's Services.
type found struct {
	ref      route.Ref
	services []string
	// object is the route, nil where it is not there.
	object route.Object
	// problem says why it cannot be divided; empty when it can.
	problem string
	// beside names what would stand beside it, taken says whose name is somebody else's.
	beside []string
	taken  string
}

// Divides tells whether a strategy moves traffic by routes.
func Divides(strategy string) bool {
	return strategy == rollout.Canary || strategy == rollout.BlueGreen
}

// routes lists what leads to one of the Services, and whether it can be divided.
func (r Reader) routes(ctx context.Context, d *appsv1.Deployment, services []corev1.Service, p policy.Rollout) ([]policy.Route, error) {
	names := make([]string, len(services))
	for i := range services {
		names[i] = services[i].Name
	}
	all, err := r.leading(ctx, d, names, p)
	var out []policy.Route
	for _, one := range all {
		out = append(out, policy.Route{Kind: one.ref.Kind.Name(), Name: one.ref.Name, Services: one.services, Problem: one.problem})
	}
	return out, err
}

// leading finds the routes that lead to Services of a Deployment: those that its
// annotation names, or all.
func (r Reader) leading(ctx context.Context, d *appsv1.Deployment, services []string, p policy.Rollout) ([]found, error) {
	only, err := route.ParseRefs(p.Routes)
	if err != nil {
		only = nil // the check "strategy" tells about it
	}
	var out []found
	for _, kind := range r.Kinds {
		objects, err := r.trees(ctx, d.Namespace, kind, services)
		if err != nil {
			return nil, err
		}
		for _, object := range objects {
			ref := route.Ref{Kind: kind, Name: route.NameOf(object)}
			if isOwned(object) || (len(only) > 0 && !slices.Contains(only, ref)) {
				continue
			}
			one, err := r.look(ctx, object, ref, share(d.Name, p.Match, 0), services)
			if err != nil {
				return nil, err
			}
			if len(one.services) > 0 {
				if one.taken, err = r.taken(ctx, one, d); err != nil {
					return nil, err
				}
				out = append(out, one)
			}
		}
	}
	return append(out, missing(only, out)...), nil
}

// missing are the routes that somebody named and that are not there, or lead elsewhere.
func missing(only []route.Ref, there []found) []found {
	var out []found
	for _, ref := range only {
		if !slices.ContainsFunc(there, func(f found) bool { return f.ref == ref }) {
			out = append(out, found{ref: ref, problem: fmt.Sprintf("%s, which annotation %s names, does not lead to its Services", ref.Words(), policy.RouteAnnotation)})
		}
	}
	return out
}

// taken refuses a route beside which something would stand that has the name of
// somebody's own.
func (r Reader) taken(ctx context.Context, one found, owner metav1.Object) (string, error) {
	name, err := r.stranger(ctx, one.ref.Kind, one.beside, owner)
	if name == "" || err != nil {
		return "", err
	}
	kind := one.ref.Kind.Name()
	return fmt.Sprintf("%s %q exists and is not Evenkeel's, and the %s beside %s would have its name. Give it another one, or leave the traffic to the pods:\n  %s", kind, name, kind, one.ref.Words(), podsAlone), nil
}

// StrangerByHand refuses a route whose owner asks anew for a pair beside which
// something would stand that has the name of somebody's own.
func (r Reader) StrangerByHand(ctx context.Context, kind route.Kind, renderer route.Renderer, own route.Object, before, now route.Split) (string, error) {
	asks := now.OfDeployment("")
	if len(asks.Shares) == 0 || asks.Same(before.OfDeployment("")) {
		return "", nil
	}
	names, err := beside(renderer, own, asks)
	if err != nil || len(names) == 0 {
		return "", err
	}
	name, err := r.stranger(ctx, kind, names, &unstructured.Unstructured{Object: own})
	if name == "" || err != nil {
		return "", err
	}
	return fmt.Sprintf("evenkeel: %s %q exists and is not Evenkeel's, and the %s beside this one would have its name; give it another one", kind.Name(), name, kind.Name()), nil
}

// stranger finds one of some names that somebody else than an owner has.
func (r Reader) stranger(ctx context.Context, kind route.Kind, names []string, owner metav1.Object) (string, error) {
	for _, name := range names {
		there := kinds.Blank(kind)
		err := r.Cache.Get(ctx, client.ObjectKey{Namespace: owner.GetNamespace(), Name: name}, there)
		switch {
		case apierrors.IsNotFound(err):
		case err != nil:
			return "", fmt.Errorf("cannot get %s %q: %w", kind.Name(), name, err)
		case !metav1.IsControlledBy(there, owner):
			return name, nil
		}
	}
	return "", nil
}

// share makes the share of a Service for a Deployment, to see whether it can be
// shown: with some weight, with the match, and with the percent of a mirror.
func share(deployment, match string, mirror int) func(service string) route.Share {
	return func(service string) route.Share {
		return route.Share{Deployment: deployment, Service: service, Canary: service + route.CanarySuffix, Weight: 50, Match: match, Mirror: mirror}
	}
}

// look tells which of the Services a route leads to, and whether it can show them divided.
func (r Reader) look(ctx context.Context, object route.Object, ref route.Ref, share func(string) route.Share, services []string) (found, error) {
	one := found{ref: ref, object: object}
	renderer, unknown, err := r.Renderer(ctx, ref.Kind, object)
	if err != nil {
		return one, err
	}
	carried, broken := route.Parse(text(object, route.SplitAnnotation))
	split, alone := carried, route.Split{}
	for _, name := range renderer.Services(object) {
		if slices.Contains(services, name) {
			one.services, split, alone = append(one.services, name), split.With(share(name)), alone.With(share(name))
		}
	}
	if err := errors.Join(unknown, broken); err != nil {
		one.problem = fmt.Sprintf("%s: %v", ref.Words(), err)
		return one, nil
	}
	own := renderer.Restore(object, carried)
	if _, err := renderer.Render(own, split); err != nil {
		one.problem = fmt.Sprintf("%s: %v", ref.Words(), err)
		return one, nil
	}
	if one.beside, err = beside(renderer, own, alone); err != nil {
		one.problem = fmt.Sprintf("%s: %v", ref.Words(), err)
	}
	return one, nil
}

// beside names what a split makes beside a route.
func beside(renderer route.Renderer, own route.Object, split route.Split) ([]string, error) {
	rendering, err := renderer.Render(own, split)
	names := make([]string, len(rendering.Owned))
	for i, object := range rendering.Owned {
		names[i] = route.NameOf(object)
	}
	return names, err
}

// Renderer gives the renderer of a route. For an Ingress whose controller cannot
// weigh it gives one that only knows its Services, and why there is no other.
func (r Reader) Renderer(ctx context.Context, kind route.Kind, object route.Object) (route.Renderer, error, error) {
	controller := ""
	if kind == route.Ingress {
		var classes networkingv1.IngressClassList
		if err := r.Cache.List(ctx, &classes, client.UnsafeDisableDeepCopy); err != nil {
			return nil, nil, errors.New("IngressClasses cannot be listed")
		}
		controller = kinds.Controller(object, classes.Items)
	}
	renderer, unknown := kinds.Renderer(kind, controller)
	if unknown != nil {
		renderer, _ = kinds.Renderer(kind, "k8s.io/ingress-nginx")
	}
	return renderer, unknown, nil
}

// trees lists the routes of a kind that may lead to one of some Services as they are.
func (r Reader) trees(ctx context.Context, namespace string, kind route.Kind, services []string) ([]route.Object, error) {
	byName := map[string]route.Object{}
	for _, service := range services {
		list := kinds.BlankList(kind)
		if err := r.Cache.List(ctx, list, client.InNamespace(namespace), index.LeadingTo(service), client.UnsafeDisableDeepCopy); err != nil {
			return nil, fmt.Errorf("%ss cannot be listed", kind.Name())
		}
		for i := range list.Items {
			byName[list.Items[i].GetName()] = list.Items[i].Object
		}
	}
	out := slices.Collect(maps.Values(byName))
	slices.SortFunc(out, func(a, b route.Object) int { return strings.Compare(route.NameOf(a), route.NameOf(b)) })
	return out, nil
}

// isOwned tells a route that Evenkeel owns from those of users.
func isOwned(object route.Object) bool {
	role, _ := route.Dig(object, "metadata", "labels", rollout.RoleLabel).(string)
	return role == rollout.RoleCanary
}

func text(object route.Object, annotation string) string {
	value, _ := route.Annotations(object)[annotation].(string)
	return value
}
