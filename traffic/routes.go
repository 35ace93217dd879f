// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/evenkeel-dev/evenkeel/traffic/index"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
	"github.com/evenkeel-dev/evenkeel/traffic/route"
	"github.com/evenkeel-dev/evenkeel/traffic/route/gateway"
	"github.com/evenkeel-dev/evenkeel/traffic/route/kinds"
)

// ofAnnotation names, on an object beside a route, the route that it belongs to.
const ofAnnotation = "evenkeel.dev/of"

// routeSeen is one route as it is, and as the target wants it.
type routeSeen struct {
	ref    route.Ref
	object *unstructured.Unstructured // nil where it is gone
	// split is what the route is to carry, carried what it carries.
	split, carried route.Split
	// shown tells whether it shows what it is to carry.
	shown bool
	// astray names the Services that it is to lead to, where it leads to none.
	astray string
	// owned are the objects that are to be beside it, and are not or not so;
	// spare are those that are there and are not to be.
	owned []route.Object
	spare []*unstructured.Unstructured
	// foreign names what stands where one of owned is to be, and is not Evenkeel's.
	foreign string
}

func (r *Reconciler) observeRoutes(ctx context.Context, w *world, target rollout.Target) error {
	for _, text := range w.snapshot.State.Routes {
		ref, err := route.ParseRef(text)
		if err != nil {
			return fmt.Errorf("cannot read the routes of the rollout: %w", err)
		}
		if err := r.observeRoute(ctx, w, ref, target); err != nil {
			return err
		}
	}
	return nil
}

func (r *Reconciler) observeRoute(ctx context.Context, w *world, ref route.Ref, target rollout.Target) error {
	seen := &routeSeen{ref: ref}
	w.routes = append(w.routes, seen)
	told := rollout.Route{Name: ref.Words()}
	defer func() { w.snapshot.Routes = append(w.snapshot.Routes, told) }()
	object := kinds.Blank(ref.Kind)
	err := r.client.Get(ctx, client.ObjectKey{Namespace: w.deployment.Namespace, Name: ref.Name}, object)
	if apierrors.IsNotFound(err) || meta.IsNoMatchError(err) { // gone, or its whole kind is
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot get %s: %w", ref.Words(), err)
	}
	seen.object = object
	owned, err := r.render(ctx, seen, w, target)
	if err != nil { // by the route's own fault, which is for its owner to read
		seen.object, told.Exists, told.Problem = nil, true, err.Error()
		return nil
	}
	accepted, err := r.observeOwned(ctx, w.deployment, seen, owned)
	if err != nil {
		return err
	}
	told.Exists, told.Accepted = true, accepted && (ref.Kind == route.Ingress || gateway.Accepted(object.Object))
	told.Astray, told.Foreign = seen.astray, seen.foreign
	told.InPlace = seen.shown && len(seen.owned) == 0 && len(seen.spare) == 0
	return nil
}

// render makes of a route what it is to be, and compares. It gives the objects
// that the Deployment is to have beside it.
func (r *Reconciler) render(ctx context.Context, seen *routeSeen, w *world, target rollout.Target) ([]route.Object, error) {
	renderer, err := r.renderer(ctx, seen)
	if err != nil {
		return nil, err
	}
	if seen.carried, err = route.Parse(seen.object.GetAnnotations()[route.SplitAnnotation]); err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", seen.ref.Words(), err)
	}
	seen.split = wanted(seen.carried, w.deployment.Namespace, w.deployment.Name, w.snapshot.State, target)
	object := seen.object.Object
	own := renderer.Restore(object, seen.carried)
	seen.astray = astray(renderer.Services(own), w.snapshot.State.Backends)
	now, err := renderer.Render(own, seen.split)
	if err != nil {
		return nil, fmt.Errorf("cannot divide %s: %w", seen.ref.Words(), err)
	}
	untouched := reflect.DeepEqual(plain(own), plain(now.Shown)) && len(seen.carried.Shares) == 0
	seen.shown = untouched || (seen.carried.Same(seen.split) && reflect.DeepEqual(plain(object["spec"]), plain(now.Shown["spec"])) &&
		contains(route.Annotations(object), route.Annotations(now.Shown))) // some dialects have the weights there
	return owned(renderer, own, seen.split.OfDeployment(w.deployment.Name), seen.ref)
}

// astray names the Services of a rollout where a route leads to none of them: its
// owner changed it, and a weight there would be nobody's.
func astray(leads, backends []string) string {
	words := make([]string, len(backends))
	for i, name := range backends {
		if slices.Contains(leads, name) {
			return ""
		}
		words[i] = fmt.Sprintf("Service %q", name)
	}
	return strings.Join(words, " or ")
}

// owned are the objects beside a route for the sake of some of its shares.
func owned(renderer route.Renderer, own route.Object, split route.Split, ref route.Ref) ([]route.Object, error) {
	alone, err := renderer.Render(own, split)
	if err != nil {
		return nil, fmt.Errorf("cannot divide %s: %w", ref.Words(), err)
	}
	return alone.Owned, nil
}

// renderer gives the renderer of a route that is there.
func (r *Reconciler) renderer(ctx context.Context, seen *routeSeen) (route.Renderer, error) {
	controller := ""
	if seen.ref.Kind == route.Ingress {
		var classes networkingv1.IngressClassList
		if err := r.client.List(ctx, &classes); err != nil {
			return nil, fmt.Errorf("cannot list IngressClasses: %w", err)
		}
		controller = kinds.Controller(seen.object.Object, classes.Items)
	}
	renderer, err := kinds.Renderer(seen.ref.Kind, controller)
	if err != nil {
		return nil, fmt.Errorf("cannot divide %s: %w", seen.ref.Words(), err)
	}
	return renderer, nil
}

// wanted is the split of a route that a target asks for; the shares of other
// Deployments, and those by hand, stay as they are.
func wanted(carried route.Split, namespace, deployment string, state rollout.State, target rollout.Target) route.Split {
	split := carried.WithoutDeployment(deployment)
	split.Namespace = namespace
	if !target.Split || (target.Weight == 0 && target.Match == "" && target.Mirror == 0) {
		return split
	}
	for _, name := range state.Backends {
		split = split.With(route.Share{
			Deployment: deployment, Service: name, Canary: name + route.CanarySuffix, Weight: target.Weight, Match: target.Match, Mirror: target.Mirror,
		})
	}
	return split
}

// observeOwned compares the objects beside a route with those that are to be
// there, and tells whether those that are to stay are accepted.
func (r *Reconciler) observeOwned(ctx context.Context, owner client.Object, seen *routeSeen, want []route.Object) (bool, error) {
	there, err := r.ownedBeside(ctx, owner, seen.ref)
	if err != nil {
		return false, err
	}
	accepted := true
	for _, object := range want {
		name := route.NameOf(object)
		now := there[name]
		delete(there, name)
		if now == nil || !contains(now.Object["spec"], object["spec"]) || !contains(route.Dig(now.Object, "metadata", "annotations"), route.Dig(object, "metadata", "annotations")) {
			foreign, err := r.foreign(ctx, owner, seen.ref.Kind, name)
			if err != nil {
				return false, err
			}
			if foreign != "" { // nothing of it is ours to make, or to take
				seen.foreign = foreign
				continue
			}
			seen.owned = append(seen.owned, object)
			continue
		}
		accepted = accepted && (seen.ref.Kind == route.Ingress || gateway.Accepted(now.Object))
	}
	for _, object := range there {
		seen.spare = append(seen.spare, object)
	}
	return accepted, nil
}

// foreign names an object of a kind that is there and does not belong to an owner;
// empty where there is none.
func (r *Reconciler) foreign(ctx context.Context, owner client.Object, kind route.Kind, name string) (string, error) {
	there := kinds.Blank(kind)
	err := r.client.Get(ctx, client.ObjectKey{Namespace: owner.GetNamespace(), Name: name}, there)
	if err == nil && !metav1.IsControlledBy(there, owner) {
		return route.Ref{Kind: kind, Name: name}.Words(), nil
	}
	if client.IgnoreNotFound(err) != nil {
		return "", fmt.Errorf("cannot get %s %q: %w", kind.Name(), name, err)
	}
	return "", nil
}

// ownedBeside lists what is beside a route for the sake of its owner.
func (r *Reconciler) ownedBeside(ctx context.Context, owner client.Object, ref route.Ref) (map[string]*unstructured.Unstructured, error) {
	list := kinds.BlankList(ref.Kind)
	err := r.client.List(ctx, list, client.InNamespace(owner.GetNamespace()), index.OwnedBy(owner.GetUID()), client.MatchingLabels{rollout.RoleLabel: rollout.RoleCanary})
	if err != nil {
		return nil, fmt.Errorf("cannot list %ss: %w", ref.Kind.Name(), err)
	}
	out := map[string]*unstructured.Unstructured{}
	for i := range list.Items {
		if item := &list.Items[i]; metav1.IsControlledBy(item, owner) && item.GetAnnotations()[ofAnnotation] == ref.String() {
			out[item.GetName()] = item
		}
	}
	return out, nil
}

// contains tells whether a tree shows all that another one says; the API server
// may have filled in more.
func contains(there, want any) bool {
	switch want := plain(want).(type) {
	case nil:
		return true
	case map[string]any:
		have, _ := plain(there).(map[string]any)
		for key, value := range want {
			if !contains(have[key], value) {
				return false
			}
		}
		return true
	case []any:
		have, _ := plain(there).([]any)
		if len(have) != len(want) {
			return false
		}
		for i := range want {
			if !contains(have[i], want[i]) {
				return false
			}
		}
		return true
	default:
		return reflect.DeepEqual(plain(there), want)
	}
}

// plain makes numbers of one kind, so that trees compare.
func plain(tree any) any {
	text, err := json.Marshal(tree)
	if err != nil {
		return tree
	}
	var out any
	if json.Unmarshal(text, &out) != nil {
		return tree
	}
	return out
}
